/** What a source beside the chain adds: the site reads it, and the output before it, as each by itself. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Addition, Joining } from '../../src/agent-output/joining.ts';
import { parseAgentOutput } from '../../src/agent-output/parser.ts';

const host = 'web01';

function join(first: string, ...added: readonly string[]): string {
  const joining = new Joining(Buffer.from(first), host);
  return added.map((one) => joining.add(Buffer.from(one)).output).join('');
}

function add(first: string, added: string): Addition {
  return new Joining(Buffer.from(first), host).add(Buffer.from(added));
}

/** The rows of each section as the site has them, by owner and name; a block of its own is the host's. */
function readSections(output: string): ReadonlyMap<string, readonly string[]> {
  const bytes = Buffer.from(output);
  const rows = new Map<string, readonly string[]>();
  for (const { name, owner, bodyStart, end } of parseAgentOutput(bytes, host).sections) {
    if (owner.kind === 'ignored') continue;
    const key = `${owner.kind === 'piggybacked' && owner.host !== host ? owner.host : ''} ${name}`;
    const lines = bytes.toString('utf8', bodyStart, end).split('\n');
    const own = lines.filter((line) => line !== '' && line !== `<<<<${host}>>>>`);
    rows.set(key, [...(rows.get(key) ?? []), ...own]);
  }
  return rows;
}

test('sections follow as they are, behind a line end where there was none', () => {
  assert.equal(join('<<<a>>>\n1\n', '<<<b>>>\n2\n'), '<<<>>>\n<<<b>>>\n2\n');
  assert.equal(join('<<<a>>>\n1', '<<<b>>>\n2'), '\n<<<>>>\n<<<b>>>\n2');
  assert.equal(join('<<<a>>>\n1\n<<<>>>\n', '<<<b>>>\n2\n'), '<<<b>>>\n2\n');
});

test('a piggyback block is closed between two outputs, and between the second and the third', () => {
  assert.equal(join('<<<<vm01>>>>\n<<<a>>>\n1\n', '<<<b>>>\n2\n'), '<<<<>>>>\n<<<b>>>\n2\n');
  assert.equal(join('<<<<vm01>>>>\n', '<<<b>>>\n2\n'), '<<<<>>>>\n<<<b>>>\n2\n');
  assert.equal(
    join('<<<a>>>\n', '<<<<vm01>>>>\n<<<b>>>\n2', '<<<c>>>\n3\n'),
    '<<<>>>\n<<<<vm01>>>>\n<<<b>>>\n2\n<<<<>>>>\n<<<c>>>\n3\n',
  );
});

test('text ahead of the first header does not become rows of the section before it', () => {
  const whole = `<<<a>>>\n1\n${join('<<<a>>>\n1\n', 'banner\n<<<b>>>\n2\n')}`;
  assert.deepEqual(
    [...readSections(whole)],
    [
      [' a', ['1']],
      [' b', ['2']],
    ],
  );
});

test('of a section that is there already the first counts, and the other is told', () => {
  const { output, left, sections } = add(
    '<<<df>>>\n/ 1\n<<<<vm01>>>>\n<<<mem>>>\n1\n<<<<>>>>\n',
    '<<<df>>>\n/ 2\n<<<mem>>>\n3\n<<<<vm01>>>>\n<<<mem>>>\n4\n<<<df>>>\n5\n<<<<>>>>\n<<<df>>>\n6\n',
  );
  assert.equal(output.toString(), '<<<mem>>>\n3\n<<<<vm01>>>>\n<<<df>>>\n5\n<<<<>>>>\n');
  assert.deepEqual(left, ['df', 'mem of vm01']);
  assert.equal(sections, 2);
});

test('a section that one output has twice stays so', () => {
  assert.deepEqual(add('<<<a>>>\n', '<<<df>>>\n1\n<<<b>>>\n<<<df>>>\n2\n').left, []);
});

test('what an output says of itself gives way without a word', () => {
  const about = '<<<check_mk>>>\nVersion: 1\n<<<cmk_courier:sep(0)>>>\n{}\n<<<b>>>\n';
  const { output, left } = add('<<<check_mk>>>\nVersion: 2\n', about);
  assert.equal(output.toString(), '<<<>>>\n<<<b>>>\n');
  assert.deepEqual(left, []);
});

test('our own report is never that of another source, though it is not there yet', () => {
  assert.equal(join('<<<a>>>\n', '<<<cmk_courier:sep(0)>>>\n{}\n'), '');
});

test('a block with the name of the host is the host itself', () => {
  const { left } = add('<<<df>>>\n1\n', '<<<<vm01>>>>\n<<<a>>>\n<<<<web01>>>>\n<<<df>>>\n2\n');
  assert.deepEqual(left, ['df']);
});

test('local checks of both are there, and of one service that of the first', () => {
  const { output, left } = add(
    '<<<local:sep(0)>>>\n2 "Disk  C" - full\n0 Up - up\n',
    '<<<local:sep(0)>>>\ncached(1,2) 0 "Disk C" - fine\n0 \'Up\' a=1 x\n1 More - \n0 Füll - ok\n',
  );
  assert.equal(output.toString(), '<<<>>>\n<<<local:sep(0)>>>\n1 More - \n0 Füll - ok\n');
  assert.deepEqual(left, ['local check "Disk C"', 'local check "Up"']);
});

test('local checks for another host are other services', () => {
  const { left } = add(
    '<<<local:sep(0)>>>\n0 Up - up\n',
    '<<<<vm01>>>>\n<<<local:sep(0)>>>\n0 Up - up\n',
  );
  assert.deepEqual(left, []);
});

for (const [what, first, second] of [
  ['an age', '<<<local:sep(0)>>>\n', '<<<local:sep(0):cached(1700000000,60)>>>\n'],
  ['a life', '<<<local:sep(0):persist(1700000000)>>>\n', '<<<local:sep(0)>>>\n'],
  ['other letters', '<<<local:sep(0):encoding(utf-16)>>>\n', '<<<local:sep(0)>>>\n'],
  ['columns', '<<<local:sep(0)>>>\n', '<<<local:sep(124)>>>\n'],
] as const) {
  test(`local checks with ${what} of their own are not put together`, () => {
    assert.deepEqual(add(`${first}0 A - a\n`, `${second}0 B - b\n`).left, ['local']);
  });
}

/** Lines that make and break sections and blocks. */
const lines = fc.array(
  fc.constantFrom(
    ...['<<<a>>>', '<<<b>>>', '<<<c:sep(0)>>>', '<<<local:sep(0)>>>', '<<<>>>', '<<<<>>>>'],
    ...['<<<<vm01>>>>', '<<<<web01>>>>', '<<<<!>>>>', '<<<a-b>>>', '0 One - 1', '0 Two - 2', 'x'],
  ),
  { maxLength: 14 },
);

test('whatever both say, the first is read as by itself, and of the other only what is new', () => {
  fc.assert(
    fc.property(lines, lines, fc.boolean(), (one, other, isEnded) => {
      const first = one.join('\n') + (isEnded ? '\n' : '');
      const second = `${other.join('\n')}\n`;
      const alone = readSections(first);
      const whole = readSections(first + join(first, second));
      const added = readSections(second);
      for (const [key, rows] of alone) {
        const found = whole.get(key) ?? [];
        const isJoined = key.endsWith(' local');
        assert.deepEqual(isJoined ? found.slice(0, rows.length) : found, rows, key);
      }
      for (const [key, rows] of whole) {
        if (!alone.has(key)) assert.deepEqual(rows, added.get(key), key);
      }
      for (const key of added.keys()) assert.ok(whole.has(key), key);
    }),
    { numRuns: 500 },
  );
});

test('what the site ignores is added as it is: it is no section that is there already', () => {
  const added = '<<<<.>>>>\n<<<df>>>\nx\n<<<<>>>>\n<<<b>>>\n2\n';
  const { left } = add('<<<df>>>\n1\n', added);
  assert.deepEqual(left, []);
});
