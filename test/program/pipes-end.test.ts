/**
 * Checkmk reads both pipes to their ends (checkmk-site.md#pipes): whatever outlives a
 * fetch, a kept connection or a survivor of a program, must hold neither.
 */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { programPath } from '../helpers/programs.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { courier, type Ended, start } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { startRsyncd, toReadModule } from '../peers/rsyncd.ts';
import { skipWithoutSshd, startSshd } from '../peers/sshd.ts';

const output = '<<<check_mk>>>\nVersion: 1\n';
const patienceMs = 30_000;

/** As Checkmk does it; what outlives the fetch lives far longer than we wait. */
async function readBothPipes(args: readonly string[], env = {}): Promise<Ended> {
  const running = start('/bin/sh', ['-c', '"$0" fetch --host=web01 "$@"', courier, ...args], {
    detached: true,
    env: { ...process.env, ...env },
  });
  const late = sleep(patienceMs, undefined, { ref: false });
  const ended = await Promise.race([running.ended, late]);
  assert.ok(ended, 'somebody still holds the pipes');
  return ended;
}

function assertDelivered({ stdout, stderr, code }: Ended): void {
  assert.deepEqual([stdout.toString(), stderr, code], [output, '', 0]);
}

test('the pipes end with a fetch whose program has left a survivor', async (t) => {
  const file = join(await makeTempDir(t), 'pid');
  const ended = await readBothPipes([`exec:${programPath('leaves-survivor')}?arg=${file}`]);
  process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
  assert.equal(ended.code, 12);
});

test('the pipes end with a fetch by rsync', { skip: skipWithout('rsync') }, async (t) => {
  const directory = await makeTempDir(t);
  writeFileSync(join(directory, 'web01'), output);
  const rsyncd = await startRsyncd(directory, toReadModule('drops', directory));
  t.after(() => rsyncd.stop());
  assertDelivered(await readBothPipes([`rsync://127.0.0.1:${rsyncd.port}/drops/web01`]));
});

test('the pipes end with a fetch through ssh and sftp', { skip: skipWithoutSshd }, async (t) => {
  const directory = await makeTempDir(t);
  const drop = join(directory, 'web01');
  writeFileSync(drop, output);
  const sshd = await startSshd();
  t.after(() => sshd.close());
  const login = [`--ssh-key=${sshd.key}`, `--known-hosts=${sshd.knownHosts}`];
  const place = `127.0.0.1:${sshd.port}`;
  assertDelivered(await readBothPipes([...login, `ssh://${place}/cat%20${drop}`]));
  assertDelivered(await readBothPipes([...login, `sftp://${place}${drop}`]));
  const kept = [...login, '--multiplex=5m', `ssh://${place}/cat%20${drop}`];
  for (let fetch = 0; fetch < 2; fetch += 1) {
    assertDelivered(await readBothPipes(kept, { XDG_RUNTIME_DIR: directory }));
  }
  const sockets = join(directory, 'cmk-courier/ssh');
  const [socket = ''] = readdirSync(sockets);
  const { code } = await start('ssh', ['-O', 'exit', '-S', join(sockets, socket), 'x']).ended;
  assert.equal(code, 0, 'there was no connection to end');
});
