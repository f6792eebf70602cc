/** What a remote site keeps of packages: how much, which of them, and what it finds again. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  openSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DigestCache } from '../../src/updates/remote/digest-cache.ts';
import { sha256Of } from '../../src/updates/repository/by-digest.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const size = 100;
const contents = (letter: string) => Buffer.alloc(size, letter);
const digestOf = (letter: string) => sha256Of(contents(letter));
const letters = [...'abcdefgh'];

/** A cache for three packages; each is all one letter. */
async function makeCache(t: TestContext) {
  const directory = join(await makeTempDir(t), 'packages');
  const open = (mostBytes = 3 * size) =>
    DigestCache.open(directory, mostBytes, makeCommandContext().log);
  const path = (letter: string) => join(directory, digestOf(letter));
  /** Without asking the cache, as that would change the order. */
  const kept = () => {
    const names = new Set(readdirSync(directory));
    const found = letters.filter((letter) => names.has(digestOf(letter))).join('');
    assert.equal(names.size, found.length);
    return found;
  };
  return { open, path, kept };
}

async function keepAll(cache: DigestCache, some: string): Promise<void> {
  for (const letter of some) await cache.keep(digestOf(letter), contents(letter));
}

test('DS-3: what nobody has asked for longest makes room', async (t) => {
  const { open, path, kept } = await makeCache(t);
  const cache = await open();
  await keepAll(cache, 'abc');
  assert.deepEqual([kept(), cache.bytes], ['abc', 3 * size]);
  assert.equal(await cache.find(digestOf('a')), path('a'));
  await keepAll(cache, 'd');
  assert.deepEqual([kept(), cache.bytes], ['acd', 3 * size]);
  assert.equal(await cache.find(digestOf('b')), undefined);
  // Kept once more is as good as asked for, and counts once.
  await keepAll(cache, 'ce');
  assert.deepEqual([kept(), cache.bytes], ['cde', 3 * size]);
});

test('DS-3: one package that is larger than the bound is kept alone, until the next', async (t) => {
  const { open, kept } = await makeCache(t);
  const cache = await open(size - 1);
  await keepAll(cache, 'a');
  assert.deepEqual([kept(), cache.bytes], ['a', size]);
  await keepAll(cache, 'b');
  assert.deepEqual([kept(), cache.bytes], ['b', size]);
});

test('DS-3: what an earlier process has left counts, and the oldest of it goes first', async (t) => {
  const { open, path, kept } = await makeCache(t);
  await keepAll(await open(), 'abc');
  for (const [at, letter] of [...'bac'].entries()) utimesSync(path(letter), at + 1, at + 1);
  const cache = await open(2 * size);
  assert.deepEqual([kept(), cache.bytes], ['ac', 2 * size]);
  await keepAll(cache, 'd');
  assert.deepEqual([kept(), cache.bytes], ['cd', 2 * size]);
});

test('DS-3: a file that was changed or removed gives its room back', async (t) => {
  const { open, path, kept } = await makeCache(t);
  const cache = await open();
  await keepAll(cache, 'abc');
  writeFileSync(path('a'), contents('x'));
  rmSync(path('b'));
  assert.equal(await cache.find(digestOf('a')), undefined);
  assert.equal(await cache.find(digestOf('b')), undefined);
  assert.deepEqual([kept(), cache.bytes], ['c', size]);
});

test('DS-3: one that makes room while it is being looked at is not found, and not counted', async (t) => {
  const { open, path } = await makeCache(t);
  const cache = await open();
  await keepAll(cache, 'abc');
  // Reading it lasts until we have written it.
  rmSync(path('a'));
  execFileSync('mkfifo', ['-m', '600', path('a')]);
  const writer = openSync(path('a'), 'r+');
  const finding = cache.find(digestOf('a'));
  await keepAll(cache, 'd');
  writeSync(writer, contents('a'));
  closeSync(writer);
  assert.equal(await finding, undefined);
  assert.equal(cache.bytes, 3 * size);
});
