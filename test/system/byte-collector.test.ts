import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteCollector } from '../../src/system/byte-collector.ts';

/** What comes of pieces, of which a peer announced so many bytes. */
function collect(expected: number, pieces: readonly string[]): string {
  const collector = new ByteCollector();
  collector.expect(expected);
  for (const piece of pieces) collector.add(Buffer.from(piece));
  assert.equal(collector.length, pieces.join('').length);
  return collector.bytes().toString();
}

test('pieces come out in order, whatever was announced', () => {
  const pieces = ['ab', '', 'c', 'd'.repeat(100_000), 'e'];
  for (const expected of [0, 1, 100_004, 100_005, 2 ** 40, -1, Number.NaN]) {
    assert.equal(collect(expected, pieces), pieces.join(''));
  }
  assert.equal(collect(10, []), '');
});

test('much that is announced gets its room when a part has come, and moves no more', () => {
  const collector = new ByteCollector();
  const [piece, pieces] = [Buffer.alloc(1_000_000, 'x'), 20];
  collector.expect(pieces * piece.length);
  collector.add(piece);
  collector.add(piece);
  const { buffer } = collector.bytes();
  assert.equal(buffer.byteLength, pieces * piece.length);
  for (let count = 2; count < pieces; count += 1) collector.add(piece);
  assert.equal(collector.bytes().buffer, buffer);
  assert.equal(collector.length, pieces * piece.length);
});

test('blocks are let go when they are joined, not when the garbage collector comes by', () => {
  const collector = new ByteCollector();
  const piece = Buffer.alloc(100_000, 'x');
  const before = process.memoryUsage().arrayBuffers;
  for (let count = 0; count < 400; count += 1) collector.add(piece);
  const joined = collector.bytes();
  const held = process.memoryUsage().arrayBuffers - before;
  assert.equal(joined.length, 400 * piece.length);
  assert.ok(held < 1.1 * joined.length, `${held} bytes are held`);
  assert.equal(joined.indexOf('x'), 0);
  assert.ok(joined.subarray(1).equals(joined.subarray(0, -1)));
});
