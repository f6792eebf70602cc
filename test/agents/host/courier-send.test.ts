import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findProgram, writeScript } from './courier-agent-shells.ts';
import {
  type Client,
  goodOutput,
  listState,
  type Sender,
  send,
  sendFile,
  testSending,
  token,
  urlFor,
  writeAgent,
} from './courier-send-shells.ts';

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

/** What a client can send: BusyBox none that has a NUL byte in it. */
function bytesFor({ client }: Sender, bytes: Buffer): Buffer {
  return client === 'busybox' ? Buffer.from(bytes.filter((byte) => byte !== 0)) : bytes;
}

/** Lines that begin with letters openssl would take for commands, and every byte there is. */
const awkward = Buffer.concat([
  Buffer.from('<<<check_mk>>>\nVersion: 2.4.0\n<<<local>>>\n'),
  Buffer.from('Q\nR\nB\nk\nK\n.\nFrom x\r\n'),
  everyByte,
  Buffer.from('no line end'),
]);

test('the script is executable and shellcheck finds nothing', (t) => {
  assert.equal(statSync(sendFile).mode & 0o777, 0o755);
  if (findProgram('shellcheck') === undefined) return t.skip('shellcheck is not installed');
  const checked = spawnSync('shellcheck', ['-s', 'sh', sendFile], { encoding: 'utf8' });
  assert.deepEqual([checked.stdout, checked.status], ['', 0]);
});

testSending('the bytes the agent printed arrive, and nothing is left', async (sender) => {
  const output = bytesFor(sender, awkward);
  writeAgent(sender, output);
  const before = Math.floor(Date.now() / 1000);
  await send(sender, 0);
  const [arrival, ...others] = sender.receiver.arrivals;
  assert.ok(arrival !== undefined && others.length === 0);
  assert.ok(arrival.output.equals(output));
  const isPlain = sender.client === 'busybox';
  assert.equal(arrival.method, isPlain ? 'POST' : 'PUT');
  assert.equal(arrival.url, '/v1/hosts/web01/agent-output');
  assert.equal(arrival.headers.authorization, `Bearer ${token}`);
  assert.equal(arrival.headers['content-encoding'], isPlain ? undefined : 'gzip');
  assert.equal(arrival.headers['content-type'], 'application/octet-stream');
  const producedAt = Number(arrival.headers['x-produced-at']);
  assert.ok(producedAt >= before && producedAt <= Date.now() / 1000);
  assert.deepEqual(listState(sender), []);
});

testSending('megabytes arrive as they are where there is no gzip', async (sender) => {
  const large = bytesFor(sender, Buffer.concat([awkward, Buffer.alloc(5_000_000, awkward)]));
  writeAgent(sender, large);
  writeScript(join(sender.programs, 'gzip'), 'exit 1');
  await send(sender, 0);
  const [arrival] = sender.receiver.arrivals;
  assert.equal(arrival?.headers['content-encoding'], undefined);
  assert.ok(arrival?.output.equals(large));
});

testSending('a name and a password are shown as Basic', async (sender) => {
  writeAgent(sender, goodOutput);
  const password = 'pa:ss "wört" \\ # %';
  writeFileSync(join(sender.root, 'token'), `web 01:${password}\r\nsecond line\n`);
  await send(sender, 0);
  const login = Buffer.from(`web 01:${password}`).toString('base64');
  assert.equal(sender.receiver.arrivals[0]?.headers.authorization, `Basic ${login}`);
});

/** Which client shows the text of which answer. */
function isRead(client: Client, status: number): boolean {
  if (client === 'busybox') return status < 400;
  if (client === 'uclient-fetch') return status < 300;
  return client !== 'wget' || (status !== 301 && status !== 401);
}

testSending('an answer other than 204 has its exit code and is quoted', async (sender) => {
  writeAgent(sender, goodOutput);
  const answers: readonly (readonly [status: number, code: number])[] = [
    [200, 8],
    [301, 8],
    [400, 20],
    [401, 21],
    [403, 23],
    [413, 33],
    [415, 35],
    [429, 49],
    [500, 80],
    [503, 83],
  ];
  for (const [status, code] of answers) {
    sender.receiver.answer = { status, text: `not\t<now>\u001b[31m\nor ever` };
    const quoted = isRead(sender.client, status) ? ': not<now>[31m' : '';
    await send(sender, code, `${urlFor(sender)} answered ${status}${quoted}`);
    const isHopeless = [400, 413, 415].includes(status);
    assert.equal(listState(sender).length, isHopeless ? 0 : 1, `${status}`);
  }
});

testSending(
  'what would arrive cut is not sent',
  async (sender) => {
    writeAgent(sender, awkward);
    const why = 'busybox would cut the output at a NUL byte in it: install curl or wget';
    await send(sender, 4, why);
    assert.deepEqual(sender.receiver.arrivals, []);
  },
  ['busybox'],
);
