import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseScp } from '../../../src/transports/sftp/scp-protocol.ts';

const head = 'T1700000000 0 1700000001 0\nC0644 6 output.txt\n';
const parse = (text: string, maxBytes = 1000) => parseScp(Buffer.from(text), maxBytes);
const header = { size: 6, modifiedAt: 1_700_000_000 };

test('a whole file has as many bytes as were announced, and a zero behind them', () => {
  const answer = parse(`${head}<<<a>>\0`);
  assert.deepEqual(answer, {
    kind: 'whole',
    header,
    output: Buffer.from('<<<a>>'),
    next: undefined,
  });
  const again = parse(`${head}<<<a>>\0T1700000000 0 9 0\nC0644 7 output.txt\n`);
  assert.deepEqual(again.kind === 'whole' && again.next, { ...header, size: 7 });
});

test('an answer cut anywhere is never whole', () => {
  const whole = `${head}<<<a>>\0`;
  for (let length = 0; length < whole.length; length += 1) {
    const { kind } = parse(whole.slice(0, length));
    assert.equal(kind, length < head.length ? 'foreign' : 'torn', String(length));
  }
});

test('what the host could not read to the end is not whole', () => {
  assert.deepEqual(parse(`${head}<<<a>>\x01scp: output.txt: Input/output error\n`), {
    kind: 'unread',
    header,
  });
});

test('a host that does not say when the file was written is understood', () => {
  const answer = parse('C0600 1 x\ny\0');
  assert.deepEqual(answer.kind === 'whole' && answer.header, { size: 1, modifiedAt: undefined });
});

test('a refusal is told, a size too large is seen before the bytes', () => {
  assert.deepEqual(parse('\x01scp: /x: No such file or directory\n'), {
    kind: 'refused',
    said: 'scp: /x: No such file or directory',
  });
  assert.deepEqual(parse(head, 5), { kind: 'large', header });
});

test('anything else is foreign', () => {
  for (const text of [
    '',
    'Welcome\n',
    'D0755 0 dir\n',
    'C0644 6\n',
    'C0644 -6 x\n',
    'C0644 6x y\n',
    'C0644 1e3 y\n',
    `${'C0644 6 x'.padEnd(5000, 'x')}\n`,
    'T1 0 1 0\nT1 0 1 0\nC0644 1 x\n',
  ]) {
    assert.equal(parse(text).kind, 'foreign', text.slice(0, 20));
  }
});
