import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { SievedStream } from '../../../src/transports/mqtt/sieved-stream.ts';
import { toPublish } from './fake-broker.ts';

/** What comes through the sieve of pieces of `size` bytes. */
async function sieve(
  t: TestContext,
  bytes: Buffer,
  { size, mostBytes }: { readonly size: number; readonly mostBytes: number },
): Promise<Buffer> {
  const server = createServer((socket) => {
    socket.setNoDelay();
    for (let at = 0; at < bytes.length; at += size) socket.write(bytes.subarray(at, at + size));
    socket.end();
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return buffer(new SievedStream(connect(address.port, '127.0.0.1'), mostBytes, 5));
}

const small = toPublish('courier/web1', Buffer.alloc(50, 'x'));
const large = toPublish('courier/web2', Buffer.alloc(3000, 'y'));

test('in the place of a message that is too large comes its topic, marked, with its size', async (t) => {
  const marked = toPublish('courier/web2', Buffer.from(String(large.length - 3)));
  marked[0] = 0x39;
  const all = Buffer.concat([small, large, small]);
  for (const size of [1, 7, 4000]) {
    const came = await sieve(t, all, { size, mostBytes: 1000 });
    assert.deepEqual(came, Buffer.concat([small, marked, small]));
  }
});

test('a mark of the broker itself does not count, and what is short goes through as it is', async (t) => {
  const own = Buffer.from(small);
  own[0] = 0x39;
  const pingAnswer = Buffer.from([0xd0, 0]);
  const came = await sieve(t, Buffer.concat([own, pingAnswer]), { size: 5, mostBytes: 1000 });
  assert.deepEqual(came, Buffer.concat([small, pingAnswer]));
});

test('a packet that is too long and no message ends it', async (t) => {
  const answer = Buffer.from([0x90, 0xff, 0x7f, 0]);
  const coming = sieve(t, answer, { size: 4, mostBytes: 1000 });
  await assert.rejects(coming, {
    code: 'PEER',
    message: 'the broker sends a packet of 16383 bytes',
  });
});
