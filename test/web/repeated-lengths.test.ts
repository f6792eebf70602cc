import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RepeatedLengths } from '../../src/web/repeated-lengths.ts';

const status = 'HTTP/1.1 200 OK\r\n';

/** What goes on when the text arrives in pieces of that many bytes. */
function filter(text: string, pieceBytes = text.length, lengths = new RepeatedLengths()): string {
  const bytes = Buffer.from(text, 'latin1');
  let out = '';
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    out += lengths.filter(bytes.subarray(start, start + pieceBytes)).toString('latin1');
  }
  return out;
}

describe('of a length that is repeated one is left', () => {
  const once = `${status}Content-Length: 3\r\nX: y\r\n\r\nabc`;
  const cases = [
    `${status}Content-Length: 3\r\ncontent-length:3  \r\nX: y\r\n\r\nabc`,
    `${status}Content-Length: 3\r\nX: y\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc`,
    `${status}Content-Length: 3, 3 ,3\r\nX: y\r\n\r\nabc`,
    `${status}Content-Length: 3, 3\r\nContent-Length: 3\r\nX: y\r\n\r\nabc`,
  ];
  for (const text of cases) {
    test(JSON.stringify(text), () => {
      for (let pieceBytes = 1; pieceBytes <= text.length; pieceBytes += 1) {
        assert.equal(filter(text, pieceBytes), once, `in pieces of ${pieceBytes}`);
      }
    });
  }

  test('where lines end in LF alone, too', () => {
    const text = 'HTTP/1.1 200 OK\nContent-Length: 3\nContent-Length: 3\n\nabc';
    assert.equal(filter(text, 1), 'HTTP/1.1 200 OK\nContent-Length: 3\n\nabc');
  });
});

describe('everything else goes on as it is', () => {
  for (const text of [
    `${status}\r\nContent-Length: 3\r\nContent-Length: 3\r\n`,
    `${status}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc`,
    `${status}Content-Length: 3\r\nContent-Length: 03\r\n\r\nabc`,
    `${status}Content-Length: 3, 4\r\n\r\nabc`,
    `${status}Content-Length: 3\r\nContent-Length : 3\r\n\r\nabc`,
    `${status}Content-Length: 3\r\nContent-Length: 3\r\r\n\r\nabc`,
    `${status}Content-Length: +3\r\nContent-Length: +3\r\n\r\nabc`,
    `${status}Content-Length: 3\r\nX-Content-Length: 3\r\n\r\nabc`,
    `${status}Content-Length: 3\r\nContent-Length:${' '.repeat(300)}3\r\n\r\nabc`,
    'SSH-2.0-OpenSSH_9.2p1\r\n',
    '<html>',
    `${'x'.repeat(1000)}`,
    '\n',
    '\xff\0\n\r\n\n',
  ]) {
    test(JSON.stringify(text.slice(0, 80)), () => {
      for (const pieceBytes of [1, 2, 3, 7, text.length]) {
        assert.equal(filter(text, pieceBytes), text, `in pieces of ${pieceBytes}`);
      }
    });
  }
});

test('each response of a connection is looked at by itself', () => {
  const lengths = new RepeatedLengths();
  const once = `${status}Content-Length: 3\r\n\r\nabc`;
  assert.equal(filter(once, 5, lengths), once);
  lengths.restart();
  const twice = `${status}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`;
  assert.equal(filter(twice, 5, lengths), once);
});
