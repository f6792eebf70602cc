/** The built program against web servers that lie, stall and break off. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { FaultCode } from '../../src/faults/errors.ts';
import { faults } from '../../src/faults/errors.ts';
import { runCourier } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

type Behaviour = (socket: Socket, request: string) => void;

/** A server that reads one request and then does as it likes. */
async function serve(t: TestContext, behave: Behaviour): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', (request) => behave(socket, request.toString('latin1')));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address);
  return `http://127.0.0.1:${address.port}/web01`;
}

function answer(body: string | Buffer, headers: readonly string[] = []): Buffer {
  const bytes = Buffer.from(body);
  const head = ['HTTP/1.1 200 OK', `content-length: ${bytes.length}`, ...headers, '', ''];
  return Buffer.concat([Buffer.from(head.join('\r\n')), bytes]);
}

/** Fails with one line, nothing on stdout and the right code, well within the deadline. */
async function assertFault(
  t: TestContext,
  code: FaultCode,
  behave: Behaviour,
  options: readonly string[] = [],
): Promise<string> {
  const url = await serve(t, behave);
  const args = ['fetch', '--host=web01', '--deadline=2s', '--max-size=1MB', ...options, url];
  const ended = await runCourier(args);
  assert.equal(ended.stdout.length, 0);
  const line = new RegExp(`^cmk-courier: http: web01: [^\\p{Cc}|]+ \\(${code}\\)\\n$`, 'u');
  assert.match(ended.stderr, line);
  assert.equal(ended.code, faults[code].exit);
  return ended.stderr;
}

async function assertDelivered(t: TestContext, output: string | Buffer): Promise<void> {
  const url = await serve(t, (socket) => socket.end(answer(output)));
  const ended = await runCourier(['fetch', '--host=web01', url]);
  assert.deepEqual([ended.stderr, ended.code], ['', 0]);
  assert.deepEqual(ended.stdout, Buffer.from(output));
}

const good = '<<<check_mk>>>\nVersion: 1\n<<<df>>>\n/dev/sda1 ext4 1 2 3 4% /\n';

/** What arrives whole with status 200 and is not agent output. */
const pages: Readonly<Record<string, string | Buffer>> = {
  'an HTML login page': '<!DOCTYPE html>\n<html><head><title>Log in</title></head></html>\n',
  'an empty body': '',
  'blank lines': '\n\r\n  \n',
  'UTF-16 with a mark': Buffer.from(`\ufeff${good}`, 'utf16le'),
  'UTF-16 without a mark': Buffer.from(good, 'utf16le'),
  'a JSON error': '{"error": "no such agent"}\n',
  'an invalid header in piggyback': `${good}<<<<vm>>>>\n<<<a-b>>>\nx\n`,
  'white space behind a piggyback marker': `${good}<<<<vm>>>> \n<<<df>>>\nx\n`,
  'a hole of NULs': `${good}${'\0'.repeat(2000)}`,
  'NULs only': Buffer.alloc(100),
  'gzip cut short': gzipSync(good.repeat(100)).subarray(0, 40),
  'text of lone carriage returns': good.replaceAll('\n', '\r'),
};

for (const [name, body] of Object.entries(pages)) {
  test(`${name} with status 200 is refused as malformed`, async (t) => {
    await assertFault(t, 'MALFORMED', (socket) => socket.end(answer(body)));
  });
}

/** What looks odd and is right. */
const odd: Readonly<Record<string, string | Buffer>> = {
  CRLF: good.replaceAll('\n', '\r\n'),
  'NULs in a section': `${good}<<<x:sep(0)>>>\na\0b\n`,
  'Latin-1 in a section': Buffer.from(`${good}<<<x>>>\nGrüße\n`, 'latin1'),
  'a lone carriage return in a row': `${good}<<<x>>>\na\rb\n`,
  'no line feed at the end': `${good}<<<x>>>\nlast`,
  'a UTF-8 mark before the first header': `\ufeff${good}`,
  'an invalid header': `${good}<<<a-b>>>\nx\n`,
  'junk before the first header': `bash: warning\n${good}`,
};

for (const [name, body] of Object.entries(odd)) {
  test(`${name} passes byte for byte`, (t) => assertDelivered(t, body));
}

test('a body cut at every tenth of its length is never delivered', async (t) => {
  const whole = answer(good.repeat(50));
  const headLength = whole.indexOf('\r\n\r\n') + 4;
  for (let tenth = 0; tenth < 10; tenth += 1) {
    const cut = headLength + Math.floor(((whole.length - headLength) * tenth) / 10);
    await assertFault(t, 'UNREACHABLE', (socket) => socket.end(whole.subarray(0, cut)));
  }
});

test('a chunked body cut at every tenth of its length is never delivered', async (t) => {
  const chunk = `${good.length.toString(16)}\r\n${good}\r\n`;
  const whole = `${chunk.repeat(10)}0\r\n\r\n`;
  for (let tenth = 0; tenth < 10; tenth += 1) {
    const part = whole.slice(0, Math.floor((whole.length * tenth) / 10));
    const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
    await assertFault(t, 'UNREACHABLE', (socket) => socket.end(head + part));
  }
});

test('garbage between chunks is a fault of the peer', async (t) => {
  const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
  await assertFault(t, 'PEER', (socket) => socket.end(`${head}zz\r\n${good}\r\n0\r\n\r\n`));
});

test('more bytes than promised are not delivered as output', async (t) => {
  const url = await serve(t, (socket) => {
    socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${good.length}\r\n\r\n${good}${good}`);
  });
  const ended = await runCourier(['fetch', '--host=web01', url]);
  if (ended.code === 0) assert.equal(ended.stdout.toString(), good);
  else assert.equal(ended.stdout.length, 0);
});

test('a length that is no number is a fault of the peer', async (t) => {
  const head = 'HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n';
  await assertFault(t, 'PEER', (socket) => socket.end(head + good));
});

test('a body of one byte a second ends at the deadline', async (t) => {
  const line = await assertFault(t, 'TIMEOUT', (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n');
    const timer = setInterval(() => socket.write('<'), 1000);
    socket.on('close', () => clearInterval(timer));
  });
  assert.match(line, /within 2s \(TIMEOUT\)\n$/);
});

test('a peer that says nothing ends at the deadline', async (t) => {
  await assertFault(t, 'TIMEOUT', () => undefined);
});

test('a body without end is refused once it is too large', async (t) => {
  await assertFault(t, 'TOO_LARGE', (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n<<<check_mk>>>\n');
    const pump = () => {
      while (!socket.destroyed && socket.write('x'.repeat(65536))) {}
    };
    socket.on('drain', pump);
    pump();
  });
});

test('headers of 1 MB are a fault of the peer', async (t) => {
  const head = `HTTP/1.1 200 OK\r\nx-filler: ${'x'.repeat(1_000_000)}\r\n\r\n`;
  await assertFault(t, 'PEER', (socket) => socket.end(head + good));
});

test('a redirect loop ends', async (t) => {
  const head = 'HTTP/1.1 302 Found\r\nlocation: /web01\r\ncontent-length: 0\r\n\r\n';
  await assertFault(t, 'PEER', (socket) => socket.end(head), ['--redirects=5']);
});

test('a bomb costs no more than the limit', async (t) => {
  const bomb = gzipSync(Buffer.alloc(100_000_000));
  await assertFault(t, 'TOO_LARGE', (socket) => socket.end(answer(bomb)));
  const encoded = answer(bomb, ['content-encoding: gzip']);
  await assertFault(t, 'TOO_LARGE', (socket) => socket.end(encoded));
});

test('a connection reset before the headers', async (t) => {
  await assertFault(t, 'UNREACHABLE', (socket) => socket.resetAndDestroy());
});

test('a connection reset after the headers', async (t) => {
  await assertFault(t, 'UNREACHABLE', (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n<<<', () => {
      setTimeout(() => socket.resetAndDestroy(), 100);
    });
  });
});

test('a status text full of control characters leaves one clean line', async (t) => {
  const head = 'HTTP/1.1 500 a\x1b[31m|b\tc\r\ncontent-length: 0\r\n\r\n';
  await assertFault(t, 'PEER', (socket) => socket.end(head));
});

test('a redirect to another host does not take the password there', async (t) => {
  let request = '';
  const other = await serve(t, (socket, text) => {
    request = text;
    socket.end(answer(good));
  });
  const url = await serve(t, (socket) => {
    socket.end(
      `HTTP/1.1 302 Found\r\nlocation: ${other.replace('127.0.0.1', 'localhost')}\r\ncontent-length: 0\r\n\r\n`,
    );
  });
  const token = join(await makeTempDir(t), 'token');
  writeFileSync(token, 'not-for-others\n');
  const args = ['fetch', '--host=web01', '--redirects=1', `--token-file=${token}`, url];
  const ended = await runCourier(args);
  assert.deepEqual([ended.stdout.toString(), ended.code], [good, 0]);
  assert.doesNotMatch(request, /authorization/i);
});
