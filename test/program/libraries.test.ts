/** In the executable each large library is an asset of its own: it has to be found and to work. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startHostileServer } from '../helpers/hostile-server.ts';
import { runCourier } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

test('help is laid out by yargs', async () => {
  const { stdout, code } = await runCourier(['fetch', '--help']);
  assert.match(stdout.toString(), /^cmk-courier fetch .*\n[\s\S]*--host=NAME +name of the host/);
  assert.equal(code, 0);
});

test('-v logs through pino', async () => {
  const { stderr } = await runCourier(['fetch', '-v', '--host=web01', '/no/such/place/web01']);
  assert.match(stderr, / info: looking into [\s\S]*\(LOCAL\)\n$/);
});

test('certs makes certificates with node-forge', async (t) => {
  const directory = join(await makeTempDir(t), 'certificates');
  const { stderr, code } = await runCourier(['certs', 'init', '--site=test', `--dir=${directory}`]);
  assert.deepEqual([stderr, code], ['', 0]);
});

test('imap: asks a server with imapflow', async (t) => {
  const password = join(await makeTempDir(t), 'password');
  writeFileSync(password, 'secret', { mode: 0o600 });
  const options = [`--password-file=${password}`, '--mail-subject={host}'];
  const { stderr } = await runCourier([
    'fetch',
    '--host=web01',
    ...options,
    'imap://u@127.0.0.1:1/',
  ]);
  assert.equal(stderr, 'cmk-courier: imap: web01: 127.0.0.1:1: connection refused (UNREACHABLE)\n');
});

test('mqtt: asks a broker with mqtt', async () => {
  const server = await startHostileServer((socket) => {
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  const source = `mqtt://127.0.0.1:${server.port}/courier/{host}`;
  const { stderr } = await runCourier(['fetch', '--host=web01', source]);
  await server.close();
  const why =
    'what the broker sends is not MQTT: "Invalid header flag bits, must be 0x0 for puback packet"';
  assert.equal(
    stderr,
    `cmk-courier: mqtt: web01: connecting to 127.0.0.1:${server.port}: ${why} (PEER)\n`,
  );
});

test('maildir: reads a message with postal-mime and mailsplit', async (t) => {
  const directory = await makeTempDir(t);
  for (const name of ['new', 'cur', 'tmp']) mkdirSync(join(directory, name));
  const headers = `Subject: =?utf-8?Q?Checkmk_web01?=\nDate: ${new Date().toUTCString()}\n`;
  writeFileSync(
    join(directory, `new/${Date.now()}.1.x`),
    `${headers}\n<<<check_mk>>>\nVersion: 1\n`,
  );
  const options = ['--mail-subject=Checkmk {host}', `maildir://${directory}`];
  const { stdout, stderr } = await runCourier(['fetch', '--host=web01', ...options]);
  assert.deepEqual([stdout.toString(), stderr], ['<<<check_mk>>>\nVersion: 1\n', '']);
});

test('nats: asks a server with its library', async () => {
  const { stderr } = await runCourier(['fetch', '--host=web01', 'nats://127.0.0.1:1/prod/{host}']);
  const line = 'nats: web01: connecting to 127.0.0.1:1: connection refused (UNREACHABLE)';
  assert.equal(stderr, `cmk-courier: ${line}\n`);
});

test('receive reads its configuration with yaml and zod', async (t) => {
  const file = join(await makeTempDir(t), 'receiver.yaml');
  writeFileSync(file, 'listen: 127.0.0.1:0\nno-such-key: 1\n');
  const { stderr, code } = await runCourier(['receive', `--config=${file}`]);
  assert.match(stderr, /receiver\.yaml[^\n]*\(CONFIG\)\n$/);
  assert.equal(code, 3);
});
