/** What never answers holds one of libuv's threads; it must not hold us. */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { courier, start } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const silentServer = '127.99.99.99';

/** A mount namespace with another resolv.conf needs root, and a sandbox may forbid it to root. */
function skipReason(): string | false {
  const { status } = spawnSync('unshare', ['--mount', 'true']);
  return status === 0 ? false : 'needs unshare --mount';
}

test('a deadline holds while a name server is silent', { skip: skipReason() }, async (t) => {
  const socket = createSocket('udp4');
  socket.bind(53, silentServer);
  await once(socket, 'listening');
  t.after(() => socket.close());
  const resolvConf = join(await makeTempDir(t), 'resolv.conf');
  writeFileSync(resolvConf, `nameserver ${silentServer}\noptions timeout:30 attempts:5\n`);
  const script = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"';
  const fetch = [courier, 'fetch', '--host=web01', '--deadline=1s', 'http://depot.example/web01'];
  const ended = await start('unshare', ['-m', 'sh', '-c', script, 'sh', resolvConf, ...fetch])
    .ended;
  assert.equal(
    ended.stderr,
    'cmk-courier: http: web01: no agent output from http://depot.example/web01 within 1s (TIMEOUT)\n',
  );
  assert.equal(ended.code, 6);
});

test('a deadline holds while a FIFO stands in the place of a certificate', async (t) => {
  const fifo = join(await makeTempDir(t), 'ca.pem');
  execFileSync('mkfifo', [fifo]);
  const args = ['fetch', '--host=web01', '--deadline=1s', `--ca=${fifo}`, 'https://127.0.0.1:1/'];
  const ended = await start(courier, args).ended;
  assert.equal(
    ended.stderr,
    'cmk-courier: http: web01: no agent output from https://127.0.0.1:1/ within 1s (TIMEOUT)\n',
  );
  assert.equal(ended.code, 6);
});
