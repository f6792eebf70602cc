/** The vectors that both ends go by, and documents at random: two parsers, one verdict. */

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { writeRoot } from '../../src/updates/documents/root.ts';
import { writeStamp } from '../../src/updates/documents/stamp.ts';
import { writeTarget } from '../../src/updates/documents/target.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { type Case, judgeHere, judgeInShell } from './judge-vectors.ts';
import { makeVectors, toTable, vectorDirectory } from './make-vectors.ts';
import { aRoot, aStamp, aTarget, signDocument } from './update-kit.ts';

const isLong = Boolean(process.env['COURIER_TEST_LONG']);

const shells = {
  dash: ['dash'],
  bash: ['bash', '--posix'],
  busybox: ['busybox', 'ash'],
  ksh: ['ksh'],
  mksh: ['mksh'],
  yash: ['yash'],
  zsh: ['zsh', '--emulate', 'sh'],
} as const;

/** Every program of the list takes seconds: each run has one of them with a third of the vectors, the long one all. */
const tried = isLong ? Object.entries(shells) : Object.entries(shells).slice(0, 1);

test('CR-5: the vectors are what the program that makes them makes', async () => {
  const vectors = makeVectors();
  assert.equal(await readFile(join(vectorDirectory, 'verdicts.txt'), 'utf8'), toTable(vectors));
  for (const { file, bytes } of vectors) {
    assert.ok(bytes.equals(await readFile(join(vectorDirectory, file))), file);
  }
});

/** `file verdict` lines, so that a difference names the document. */
const toLines = (cases: readonly Case[], verdicts: readonly string[]) =>
  cases.map(({ file }, index) => `${file} ${verdicts[index]}`);

const expected = makeVectors().map(({ file, verdict }) => `${file} ${verdict}`);

test('CR-1, CR-4, CR-5: the server gives each document of the vectors its verdict', async () => {
  const vectors = makeVectors();
  assert.deepEqual(toLines(vectors, await judgeHere(vectorDirectory, vectors)), expected);
});

for (const [name, shell] of tried) {
  const skip = skipWithout(name) || skipWithout('openssl');
  test(`CR-1, CR-4, CR-5: the client gives each document the same verdict under ${name}`, {
    skip,
  }, async (t) => {
    const places = { directory: vectorDirectory, scratch: await makeTempDir(t) };
    const isTried = (_: unknown, index: number) => isLong || index % 3 === 0;
    const vectors = makeVectors().filter(isTried);
    const verdicts = await judgeInShell(shell, places, vectors);
    assert.deepEqual(toLines(vectors, verdicts), expected.filter(isTried));
  });
}

const documents = {
  root: { payload: writeRoot(aRoot({ authorities: [Buffer.from('one')] })), key: 'root1' },
  target: { payload: writeTarget(aTarget()), key: 'release1' },
  stamp: { payload: writeStamp(aStamp()), key: 'stamp1' },
} as const;

type Kind = keyof typeof documents;

/** A change of a text at a place that a number from 0 to 1 says. */
const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  how: fc.constantFrom(
    ...([
      'byte',
      'drop line',
      'double line',
      'swap lines',
      'cut',
      'word',
      'case',
      'insert',
    ] as const),
  ),
  byte: fc.integer({ min: 0, max: 255 }),
  word: fc.constantFrom(
    '',
    ' ',
    '-',
    '0',
    '00',
    '\n',
    '+',
    '+QUJD',
    '--',
    'key',
    '42 ',
    'host:',
    'a-b',
  ),
});

type Change = typeof change extends fc.Arbitrary<infer Value> ? Value : never;

function apply(text: string, { at, how, byte, word }: Change): string {
  const place = Math.floor(at * text.length);
  const put = (middle: string, skipped: number) =>
    text.slice(0, place) + middle + text.slice(place + skipped);
  const lines = text.split('\n');
  const line = Math.floor(at * (lines.length - 1));
  const [before, one = '', after] = [lines.slice(0, line), lines[line], lines.slice(line + 1)];
  const [next = '', ...rest] = after;
  switch (how) {
    case 'byte':
      return put(String.fromCharCode(byte), 1);
    case 'insert':
      return put(word, 0);
    case 'cut':
      return text.slice(0, place);
    case 'word':
      return [...before, one.replace(/ \S+$/, ` ${word}`), ...after].join('\n');
    case 'case':
      return [...before, one.toUpperCase(), ...after].join('\n');
    case 'drop line':
      return [...before, ...after].join('\n');
    case 'double line':
      return [...before, one, one, ...after].join('\n');
    default:
      return [...before, next, one, ...rest].join('\n');
  }
}

/** Half of them changed before they are signed, so that the parser sees them, half after. */
const mutated = fc.record({
  kind: fc.constantFrom<Kind>('root', 'target', 'stamp'),
  changes: fc.array(change, { minLength: 1, maxLength: 2 }),
  isSignedAfter: fc.boolean(),
});

test('CR-3: both parsers give documents that were changed at random the same verdict', {
  skip: skipWithout('openssl') || skipWithout('dash'),
  timeout: 1_200_000,
}, async (t) => {
  const directory = await makeTempDir(t);
  await writeFile(join(directory, 'one.root'), signDocument(writeRoot(aRoot()), ['root1']));
  const samples = fc.sample(mutated, isLong ? 4000 : 40);
  const cases: Case[] = [];
  for (const [index, { kind, changes, isSignedAfter }] of samples.entries()) {
    const { payload, key } = documents[kind];
    const mutate = (bytes: Buffer) =>
      Buffer.from(changes.reduce(apply, bytes.toString('latin1')), 'latin1');
    const bytes = isSignedAfter
      ? signDocument(mutate(payload), [key])
      : mutate(signDocument(payload, [key]));
    const file = `${index}.${kind}`;
    await writeFile(join(directory, file), bytes);
    cases.push({ file, kind, judgedBy: kind === 'root' ? '-' : 'one.root' });
  }
  const here = toLines(cases, await judgeHere(directory, cases));
  const scratch = await makeTempDir(t);
  const there = toLines(cases, await judgeInShell(['dash'], { directory, scratch }, cases));
  const differing = here.filter((line, index) => line !== there[index]);
  if (differing.length > 0) {
    const [file = ''] = differing[0]?.split(' ') ?? [];
    const shown = (await readFile(join(directory, file), 'latin1')).slice(0, 1500);
    assert.fail(
      `the server says ${differing.join(', ')}, the client the opposite; the first is:\n${shown}`,
    );
  }
});
