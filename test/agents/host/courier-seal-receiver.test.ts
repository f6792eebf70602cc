/** The whole way of a seal: courier-seal, courier-send, the receiver, its spool, and the site's fetch. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { systemClock } from '../../../src/clock.ts';
import { main } from '../../../src/main.ts';
import { makeCommandContext } from '../../helpers/command-context.ts';
import { startReceiver } from '../../receiver/running-receiver.ts';
import { makeSealSite } from '../../sealing/seal-site.ts';
import { keysOf, runSeal } from './courier-seal-shells.ts';
import {
  goodOutput,
  type Sender,
  send,
  startSending,
  testHost,
  writeAgent,
} from './courier-send-shells.ts';

const site = await makeSealSite({ after });
/** One receiver for all tests of this file, each with a host of its own. */
const receiver = await startReceiver({ after }, {}, systemClock, site.env);

/** Runs the program as the site user does. */
async function runProgram(...args: readonly string[]) {
  const { said, ...context } = makeCommandContext();
  const code = await main(args, { ...context, clock: systemClock, env: { ...site.env } });
  return { code, said };
}

const seals = (...args: readonly string[]) =>
  runProgram('seals', ...args, `--state=${join(receiver.directory, 'state')}`);

const fetchFromSpool = (host: string) =>
  runProgram('fetch', `--host=${host}`, `spool://${receiver.directory}/spool`);

/** Options that send to the receiver as `host`, with a token for it alone. */
async function aimAt({ root }: Sender, host: string) {
  const token = await receiver.makeAccess({ hosts: [host] });
  writeFileSync(join(root, 'token'), token, { mode: 0o600 });
  writeFileSync(join(root, 'ca.pem'), receiver.certificates.rootCert);
  return [`--to=https://localhost:${receiver.port}`, `--host=${host}`];
}

testHost('a host hands in its key, is believed, and then only with its seal', async (sender) => {
  const { root, shell } = sender;
  const host = `${shell.name}-sealed`;
  const keys = join(root, 'keys');
  cpSync(keysOf('host'), keys, { recursive: true });
  writeFileSync(join(keys, 'site.pub'), (await seals('init')).said.output);
  const args = [...(await aimAt(sender, host)), `--seal-keys=${keys}`];

  const waits = await startSending(sender, [...args, '--enroll']).ended;
  assert.deepEqual([waits.code, waits.stderr], [0, '']);
  const [fingerprint = ''] = /SHA256:[A-Za-z0-9+/]+/.exec(waits.stdout.toString()) ?? [];
  assert.equal((await seals('allow', host, `--fingerprint=${fingerprint}`)).code, 0);

  writeAgent(sender, goodOutput);
  await send(sender, 0, '', [...args, '--seal']);
  const taken = await fetchFromSpool(host);
  assert.deepEqual([taken.code, taken.said.output], [0, goodOutput.toString()]);

  const why = `${host} is enrolled: its output has to be sealed (REFUSED)`;
  const plain = `https://localhost:${receiver.port} answered 403: ${why}`;
  await send(sender, 23, plain, args);
  assert.equal((await fetchFromSpool(host)).code, 0);
});

testHost('a new key is taken at once when the old one vouches for it', async (sender) => {
  const { root, shell } = sender;
  const host = `${shell.name}-changed`;
  const args = await aimAt(sender, host);
  const [old, fresh] = [keysOf('host'), keysOf('first')];
  assert.equal((await seals('enroll', host, join(old, 'key.pub'), '--yes')).code, 0);
  const pem = readFileSync(join(fresh, 'key.pub'));
  const sealed = runSeal(sender, [`--keys=${old}`, `--host=${host}`], pem);
  const drop = join(root, 'new.drop');
  writeFileSync(drop, sealed.stdout);
  const { code, stderr } = await startSending(sender, [...args, `--enroll=${drop}`]).ended;
  assert.deepEqual([code, stderr], [0, '']);
  writeAgent(sender, goodOutput);
  for (const keys of [old, fresh]) {
    await send(sender, 0, '', [...args, '--seal', `--seal-keys=${keys}`]);
  }
  assert.equal((await fetchFromSpool(host)).said.output, goodOutput.toString());
});

testHost('a secret that the site has made seals too', async (sender) => {
  const { root, shell } = sender;
  const host = `${shell.name}-secret`;
  const args = await aimAt(sender, host);
  const { said } = await seals('enroll', host, '--secret');
  const keys = join(root, 'keys');
  mkdirSync(keys, { mode: 0o700 });
  assert.equal(runSeal(sender, ['init', '--secret', `--keys=${keys}`], said.output).status, 0);
  writeAgent(sender, goodOutput);
  await send(sender, 0, '', [...args, '--seal', `--seal-keys=${keys}`]);
  assert.equal((await fetchFromSpool(host)).said.output, goodOutput.toString());
});

testHost('a sealed file is fetched, and a plain one in its place is not', async (sender) => {
  const { root, shell, env } = sender;
  const host = `${shell.name}-file`;
  assert.equal((await seals('enroll', host, join(keysOf('host'), 'key.pub'), '--yes')).code, 0);
  const { stdout } = runSeal(sender, [`--keys=${keysOf('host')}`, `--host=${host}`], goodOutput);
  const file = join(root, 'drop');
  writeFileSync(file, stdout);
  const good = await runProgram('fetch', `--host=${host}`, file);
  assert.deepEqual([good.code, good.said.output], [0, goodOutput.toString()]);
  spawnSync('sh', ['-c', `printf '<<<check_mk>>>\\nVersion: x\\n' >'${file}'`], { env });
  const { code, said } = await runProgram('fetch', `--host=${host}`, file);
  assert.deepEqual([code, said.output], [7, '']);
});
