/** What a terminal would have shown. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stripEcho } from '../../../src/special-agents/dialogue/echo.ts';
import { Screen } from '../../../src/special-agents/dialogue/screen.ts';
import { Telnet, toTelnet } from '../../../src/special-agents/telnet/telnet.ts';

function show(...texts: readonly string[]): readonly string[] {
  const screen = new Screen();
  for (const text of texts) screen.print(text);
  return [...screen.lines, screen.line];
}

const shown: readonly (readonly [printed: string, seen: readonly string[]])[] = [
  ['a\r\nb', ['a', 'b']],
  ['\x1b[1;32mok\x1b[0m\n', ['ok', '']],
  ['\x1b]0;title\x07a\x1b]2;t\x1b\\b', ['ab']],
  ['\x1b[?2004ha\x1b[?2004l\x1b(B\x1b=', ['a']],
  ['--More--\r        \rline\n', ['line', '']],
  ['--More--\b\b\b\b\b\b\b\b        \b\b\b\b\b\b\b\bline\n', ['line', '']],
  ['--More--\r\x1b[Kline\n', ['line', '']],
  ['x\x1b[24;1Hsw1# \x1b[24;6H\x1b[?25h', ['sw1# ']],
  ['abc\x1b[2Dx', ['axc']],
  ['a\x1b[3Cb', ['a   b']],
  ['a\x1bEb', ['a', 'b']],
  ['tab\tbell\x07 \x00nul\x7f', ['tab\tbell nul']],
  ['\x1bP1;2|data\x1b\\end', ['end']],
];

for (const [printed, seen] of shown) {
  test(`${JSON.stringify(printed)} is seen as ${JSON.stringify(seen)}, however it is cut`, () => {
    assert.deepEqual(show(printed), seen);
    assert.deepEqual(show(...printed), seen);
  });
}

test('a sequence without an end holds nothing back for ever', () => {
  assert.ok(show(`\x1b]${'x'.repeat(10_000)}`, '\nlater\n').includes('later'));
  const screen = new Screen();
  screen.print('\x1b[999999999C!');
  assert.ok(screen.line.length <= 65_537);
});

test('an echo is taken off, wrapped, with its prompt, or where only its end is there', () => {
  const lines = ['Version 1', '', 'Uptime 2'];
  assert.deepEqual(stripEcho(['show version', ...lines], 'show version', 'sw1#'), lines);
  assert.deepEqual(stripEcho(['sw1# show version', ...lines], 'show version', 'sw1#'), lines);
  assert.deepEqual(stripEcho(['show ver', 'sion', ...lines], 'show version', 'sw1#'), lines);
  assert.deepEqual(stripEcho(['', ...lines], 'show version', 'sw1#'), lines);
  assert.deepEqual(stripEcho(lines, 'show version', 'sw1#'), lines);
  assert.deepEqual(stripEcho([], 'show version', 'sw1#'), []);
});

test('telnet: data comes through whole, however it is cut, and is what was sent', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(250)), (bytes, cuts) => {
      const sent = Buffer.from(bytes).filter((byte) => byte !== 0);
      const wire = toTelnet(Buffer.from(sent));
      const telnet = new Telnet();
      const parts: Buffer[] = [];
      const places = [
        0,
        ...cuts.filter((cut) => cut < wire.length).sort((a, b) => a - b),
        wire.length,
      ];
      for (const [index, from] of places.entries()) {
        const { data, reply } = telnet.receive(wire.subarray(from, places[index + 1]));
        assert.equal(reply.length, 0);
        if (index < places.length - 1) parts.push(data);
      }
      assert.deepEqual([...Buffer.concat(parts)], [...sent]);
    }),
  );
});

test('telnet: answers start no loop, and a refusal is said each time it is asked for', () => {
  const telnet = new Telnet();
  const answer = (...bytes: number[]) => [...telnet.receive(Buffer.from(bytes)).reply];
  assert.deepEqual(answer(255, 251, 1), [255, 253, 1]);
  assert.deepEqual(answer(255, 251, 1), []);
  assert.deepEqual(answer(255, 252, 1), [255, 254, 1]);
  assert.deepEqual(answer(255, 252, 1), []);
  assert.deepEqual(answer(255, 253, 24), [255, 252, 24]);
  assert.deepEqual(answer(255, 253, 24), [255, 252, 24]);
  assert.deepEqual(answer(255, 254, 24), []);
  assert.deepEqual(answer(255, 253, 3), [255, 251, 3]);
});

test('telnet: a subnegotiation is passed over, with 255 in it, and other commands, too', () => {
  const bytes = [
    97, 255, 250, 24, 1, 255, 255, 240, 255, 240, 98, 255, 241, 255, 249, 99, 13, 0, 10,
  ];
  assert.equal(new Telnet().receive(Buffer.from(bytes)).data.toString(), 'abc\r\n');
});
