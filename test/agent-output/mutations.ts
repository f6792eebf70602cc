/** Agent output damaged by chance: real lines, and the markers that matter in wrong places. */

import { readFileSync } from 'node:fs';
import fc from 'fast-check';

export const realOutputs = ['linux-2.0', 'windows-2.0'].map((name) =>
  readFileSync(`test/fixtures/agent-output/${name}/input.txt`),
);

/** The host being checked in all of these. */
export const mainHost = 'src';

const frequent = ['<<<df>>>', '<<<cpu>>>', '<<<<h1>>>>', '<<<<h2>>>>', '<<<<src>>>>'];

const markers = [
  ...frequent,
  ...frequent,
  ...frequent,
  '<<<df:sep(9):cached(1,2)>>>',
  '<<<check_mk>>>',
  '<<<cpu:encoding(cp437):nostrip()>>>',
  '<<<x:encoding(utf-16)>>>',
  '<<<>>>',
  '<<<:cached(1,2)>>>',
  '<<<<>>>>',
  '<<<< s\u00e4 >>>>',
  '<<<<.>>>>',
  '<<<<h>>>',
  '<<<h>>>>',
  '<<<a-b>>>',
  '<<<x:cached(5)>>>',
  '<<<x:sep()>>>',
  '<<<x:sep(-1)>>>',
  '<<<x:persist(y)>>>',
  '<<<x:encoding(no)>>>',
  '<<<\xff>>>',
  ...['<<<df>>> ', ' <<<df>>>', '<<<df>>>\t\r', '\x0b<<<>>>', '\f<<<a-b>>>', '<<<df:sep(58>>> '],
  ...['<<<<h1>>>> ', '\t<<<<h2>>>>', ' <<<<src>>>>', '<<<<>>>> ', '\x0c<<<<>>>>', '\r<<<<h1>>>>'],
  ...['<<<<..>>>>', '<<<<-x>>>>', '<<<<h 1>>>>', '<<<<h/1>>>>', '<<<<fe80::1>>>>', '<<<< src>>>>'],
  ...['<<<df:sep(58>>>', '<<<x:cached(1,2,x)>>>', '<<<x:cached(1,2,)>>>', '<<<x:cached(1,2,3)>>>'],
  ...['<<<x:cached(1.5,3)>>>', '<<<x:encoding(undefined)>>>', '<<<x:encoding(punycode)>>>'],
  ...['<<<a:sep(0)>>>OK<<<<h1>>>>', '3<<<<h1>>>>', '\xef\xbb\xbf<<<<h1>>>>', '3<<<<>>>>'],
  ...['<<<<h1>>>><<<df>>>', '<<<<h1>>>>text', '<<<a>>>OK', '[header] <<<mem>>>', '<<ps:sep(9)>>'],
  ...[
    '\xef\xbb\xbf<<<df>>>',
    '<<<a>>><<<b>>>',
    '<<<<h1>>>',
    '<<<h1>>>>',
    '<<<<h1>>',
    '<<<<<h1>>>>>',
  ],
  ...['<\0<\0<\0d\0f\0>\0>\0>\0', '<\0<\0<\0<\0h\x001\0>\0>\0>\0>\0', '<<<:x', '<<<open-iscsi>>>'],
  ...[`rows${'\0'.repeat(600)}`, '0 "Backup" - fine', 'cached(1,2) 0 "a" - b'],
].map((marker) => Buffer.from(`${marker}\n`, 'latin1'));

interface Mutation {
  readonly kind: number;
  readonly at: number;
  readonly value: number;
}

const natural = fc.nat({ max: 0xfffff });

/** Up to two kilobytes of a real output, damaged up to thirty times. */
export const damagedOutput: fc.Arbitrary<Buffer> = fc
  .record({
    output: fc.constantFrom(...realOutputs),
    from: natural,
    length: fc.integer({ min: 0, max: 2000 }),
    mutations: fc.array(fc.record({ kind: fc.nat({ max: 8 }), at: natural, value: natural }), {
      maxLength: 30,
      size: 'max',
    }),
  })
  .map(({ output, from, length, mutations }) => {
    const start = from % output.length;
    return mutations.reduce(mutate, output.subarray(start, start + length));
  });

const rows = ['0 "Backup" - fine', 'row', '', 'x y z'].map((row) => Buffer.from(`${row}\n`));
const plain = [...frequent, '<<<<>>>>', '<<<>>>'].map((marker) => Buffer.from(`${marker}\n`));

/** A few lines in order, with a marker among them now and then that is not as it should be. */
export const composedOutput: fc.Arbitrary<Buffer> = fc
  .array(
    fc.oneof(
      { weight: 10, arbitrary: fc.constantFrom(...plain) },
      { weight: 8, arbitrary: fc.constantFrom(...rows) },
      { weight: 2, arbitrary: fc.constantFrom(...markers) },
    ),
    { maxLength: 16, size: 'max' },
  )
  .map((lines) => Buffer.concat(lines));

function mutate(bytes: Buffer, { kind, at, value }: Mutation): Buffer {
  const offset = at % (bytes.length + 1);
  const lineStart = bytes.lastIndexOf(10, offset - 1) + 1;
  const marker = markers[value % markers.length] ?? Buffer.alloc(0);
  switch (kind) {
    case 0:
      return splice(bytes, offset, 1, Buffer.of(value & 0xff));
    case 1:
      return swapLines(bytes, lineStart);
    case 2:
      return splice(bytes, offset, 0, marker);
    case 3:
      return splice(bytes, nextLineFeed(bytes, offset), 0, Buffer.alloc(1 + (value % 3), '\r'));
    case 4:
      return value % 4 === 0 ? bytes.subarray(0, offset) : bytes;
    case 5:
      return splice(bytes, nextLineFeed(bytes, offset), 1, Buffer.alloc(0));
    default:
      return splice(bytes, lineStart, 0, marker);
  }
}

function nextLineFeed(bytes: Buffer, offset: number): number {
  const found = bytes.indexOf(10, offset);
  return found === -1 ? bytes.length : found;
}

function splice(bytes: Buffer, offset: number, removed: number, added: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, offset), added, bytes.subarray(offset + removed)]);
}

function swapLines(bytes: Buffer, start: number): Buffer {
  const middle = nextLineFeed(bytes, start) + 1;
  const end = nextLineFeed(bytes, middle) + 1;
  return Buffer.concat([
    bytes.subarray(0, start),
    bytes.subarray(middle, end),
    bytes.subarray(start, middle),
    bytes.subarray(end),
  ]);
}
