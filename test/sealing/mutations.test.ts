import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { test } from 'node:test';
import { CourierError } from '../../src/faults/errors.ts';
import { readHeader, splitDrop } from '../../src/sealing/drop.ts';
import {
  keyVerifier,
  readPublicKey,
  secretVerifier,
  type Verifier,
} from '../../src/sealing/keys.ts';
import { openBody, verifyDrop } from '../../src/sealing/opening.ts';
import { readVector } from './vectors.ts';

/** A verification of RSA takes longest of all. */
const rounds = process.env['COURIER_TEST_LONG'] ? 100_000 : 8000;

const seeds = ['signed', 'gzip', 'encrypted', 'two-recipients', 'mac', 'openssl-encrypted'].map(
  (name) => readVector(`${name}.drop`),
);

/** The same numbers in each run (mulberry32). */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const tokens = [
  '\n',
  '\r\n',
  '-- signatures\n',
  '-- body\n',
  'key ',
  'mac ',
  '+',
  ' ',
  '\0',
  '=',
  'host web02\n',
  '9',
];

const siteKeys = [
  {
    id: (await readPublicKey(readVector('site.pub'))).id,
    key: createPrivateKey(readVector('site.key')),
  },
];

/** One change: a bit, a byte, a piece cut out, doubled, moved or put in. */
function mutate(bytes: Buffer, pick: (below: number) => number): Buffer {
  // Nine of ten hit the header, where all the rules are.
  const header = bytes.indexOf('-- body\n') + 8;
  const at = pick(pick(10) === 0 ? bytes.length : header);
  const end = Math.min(bytes.length, at + 1 + pick(80));
  const [before, piece, after] = [
    bytes.subarray(0, at),
    bytes.subarray(at, end),
    bytes.subarray(end),
  ];
  const ways: readonly (() => readonly Buffer[])[] = [
    () => [before, Buffer.from([(bytes[at] ?? 0) ^ (1 << pick(8))]), bytes.subarray(at + 1)],
    () => [before, Buffer.from([pick(256)]), bytes.subarray(at + 1)],
    () => [before, after],
    () => [before, piece, piece, after],
    () => [piece, before, after],
    () => [before, Buffer.from(tokens[pick(tokens.length)] ?? ''), bytes.subarray(at)],
    () => [bytes, piece],
  ];
  return Buffer.concat(ways[pick(ways.length)]?.() ?? []);
}

test(`of ${rounds} changed drops none opens, and none is a surprise`, async () => {
  const secret = readVector('secret').toString().trim();
  const verifiers = [await keyVerifier(readVector('host.pub')), await secretVerifier(secret)];
  const pick = numbersFrom(20261127);
  let parsed = 0;
  for (let round = 0; round < rounds; round += 1) {
    const seed = seeds[pick(seeds.length)] ?? Buffer.alloc(0);
    let bytes = mutate(seed, pick);
    while (pick(3) === 0) bytes = mutate(bytes, pick);
    if (bytes.equals(seed)) continue;
    parsed += (await isParsed(bytes)) ? 1 : 0;
    const opened = await open(bytes, verifiers);
    if (opened) assert.deepEqual(bytes, seed, `round ${round} opens`);
  }
  assert.ok(parsed > rounds / 50, `only ${parsed} came as far as their header`);
});

async function open(bytes: Buffer, verifiers: readonly Verifier[]): Promise<boolean> {
  return isTaken(async () => {
    await openBody(verifyDrop(bytes, verifiers), async () => siteKeys);
  });
}

/** As the header would be read if its signature were right: no surprise there either. */
async function isParsed(bytes: Buffer): Promise<boolean> {
  return isTaken(async () => {
    readHeader(splitDrop(bytes).payload);
  });
}

async function isTaken(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof CourierError && ['MALFORMED', 'REFUSED'].includes(error.code))
      return false;
    throw error;
  }
}
