import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameFilter } from '../../src/nats/frame-filter.ts';
import { catchThrown } from '../helpers/catch-thrown.ts';

const info = 'INFO {"version":"2.9.10","max_payload":1048576}\r\n';
const conversation = [
  info,
  'PING\r\n',
  '+OK\r\n',
  'MSG a.b 1 5\r\nhello\r\n',
  'HMSG a.b 1 inbox.7 12 17\r\nNATS/1.0\r\n\r\nhello\r\n',
  'MSG a.b 1 0\r\n\r\n',
  "-ERR 'Slow Consumer'\r\n",
  'PONG\r\n',
].join('');

/** What comes through, when a text arrives in pieces of a length. */
function pass(text: string, mostBytes: number, pieceBytes: number): string {
  const filter = new FrameFilter(mostBytes, 'a:1');
  const bytes = Buffer.from(text, 'latin1');
  let passed = '';
  for (let from = 0; from < bytes.length; from += pieceBytes) {
    const piece = Buffer.from(bytes.subarray(from, from + pieceBytes));
    passed += Buffer.concat([...filter.pass(piece)]).toString('latin1');
  }
  return passed;
}

test('what is not too large comes through as it is, however it arrives', () => {
  for (let pieceBytes = 1; pieceBytes <= conversation.length; pieceBytes += 1) {
    assert.equal(pass(conversation, 17, pieceBytes), conversation);
  }
});

test('what arrives in one piece goes on in one piece', () => {
  assert.equal(new FrameFilter(100, 'a:1').pass(Buffer.from(conversation)).length, 1);
});

test('a message that is too large comes without its body, and a header says what is missing', () => {
  const given = [
    'MSG a.b 1 20\r\n01234567890123456789\r\n',
    'HMSG a.b 1 inbox.7 18 38\r\nNATS/1.0\r\nA: b\r\n\r\n01234567890123456789\r\n',
    'PING\r\n',
  ].join('');
  const expected = [
    'HMSG a.b 1 33 33\r\nNATS/1.0\r\nCourier-Omitted: 20\r\n\r\n\r\n',
    'HMSG a.b 1 inbox.7 39 39\r\nNATS/1.0\r\nA: b\r\nCourier-Omitted: 20\r\n\r\n\r\n',
    'PING\r\n',
  ].join('');
  for (const pieceBytes of [1, 2, 7, 1000]) assert.equal(pass(given, 19, pieceBytes), expected);
});

test('what no server sends is refused before the library sees it', () => {
  const wrong = [
    'HTTP/1.1 400 Bad Request\r\n',
    'PING \r\n',
    'INFO nothing\r\n',
    'INFO {"version":"new"}\r\n',
    'INFO {"version":"2.9.10"}\n',
    'MSG a.b 5\r\n',
    'MSG a.b x 5\r\n',
    'MSG a.b 1 -5\r\n',
    'MSG a.b 1 in out 5\r\n',
    'HMSG a.b 1 9 5\r\n',
    'MSG a.b 1 9999999999999999\r\n',
    'MSG a.b 1 2\r\nabcd',
    'HMSG a.b 1 2 40\r\nab',
    'x'.repeat(300_000),
  ];
  for (const text of wrong) {
    const { code, message } = catchThrown(() => pass(text, 20, 100_000));
    assert.equal(code, 'PEER', text.slice(0, 30));
    assert.match(message, /^a:1 does not speak NATS: it sent /);
  }
});

test('any bytes are refused or wait for more', () => {
  const word = fc.constantFrom(
    'MSG ',
    'HMSG ',
    'INFO ',
    '1 ',
    '12',
    '\r\n',
    '{}',
    'a ',
    'NATS/1.0',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 12 }), (words) => {
      const text = words.join('');
      try {
        pass(text, 10, 3);
      } catch (error) {
        assert.equal(Reflect.get(Object(error), 'code'), 'PEER');
      }
    }),
  );
});

test('a line that comes byte by byte costs no more than its bytes', { timeout: 60_000 }, () => {
  const filter = new FrameFilter(1000, 'broker:4222');
  const byte = Buffer.from('x');
  const dribble = () => {
    for (let count = 0; count < 300_000; count += 1) filter.pass(byte);
  };
  assert.throws(
    dribble,
    /^CourierError: broker:4222 does not speak NATS: it sent a line without end$/,
  );
});
