import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { skipWithoutMounts } from '../../peers/private-mounts.ts';
import { isRunning, writeScript } from './courier-agent-shells.ts';
import {
  environmentOf,
  listLeftovers,
  type Outbox,
  send,
  sendMailFile,
  testInShells,
  usualArguments,
} from './courier-send-mail-shells.ts';

/** An agent that writes its number and then takes for ever, as does a child of its own. */
function writeEndlessAgent({ root, agent }: Outbox): void {
  writeScript(
    agent,
    'sleep 100 &',
    `echo "$! $$" >'${root}/pids.part'`,
    `mv '${root}/pids.part' '${root}/pids'`,
    "echo '<<<check_mk>>>'",
    'sleep 100',
  );
}

async function waitForFile(path: string): Promise<string> {
  while (!existsSync(path)) await sleep(10);
  return readFileSync(path, 'utf8').trim();
}

async function assertEnded(pids: string): Promise<void> {
  for (let tries = 0; tries < 200 && pids.split(' ').some(isRunning); tries += 1) await sleep(10);
  assert.deepEqual(pids.split(' ').filter(isRunning), []);
}

testInShells('an agent that takes too long is ended, with all it started', async (outbox) => {
  writeEndlessAgent(outbox);
  const { status, stderr } = send(outbox, ['--timeout=1']);
  const why = `the agent took longer than 1s: ${outbox.agent}`;
  assert.deepEqual({ status, stderr }, { status: 6, stderr: `courier-send-mail: ${why}\n` });
  await assertEnded(await waitForFile(join(outbox.root, 'pids')));
  assert.deepEqual(listLeftovers(outbox), []);
});

testInShells('so is a mail program', async (outbox) => {
  writeScript(outbox.agent, "echo '<<<check_mk>>>'");
  writeScript(outbox.mailer, 'sleep 100');
  const { status, stderr } = send(outbox, ['--timeout=1']);
  const why = `the mail program took longer than 1s: ${outbox.mailer}`;
  assert.deepEqual({ status, stderr }, { status: 6, stderr: `courier-send-mail: ${why}\n` });
  assert.deepEqual(listLeftovers(outbox), []);
});

testInShells('a signal ends it, with the agent and every file', async (outbox) => {
  writeEndlessAgent(outbox);
  const running = spawn(outbox.shell.file, [sendMailFile, ...usualArguments(outbox)], {
    env: environmentOf(outbox),
    stdio: 'ignore',
  });
  const pids = await waitForFile(join(outbox.root, 'pids'));
  running.kill('SIGTERM');
  assert.deepEqual(await once(running, 'exit'), [143, null]);
  await assertEnded(pids);
  assert.deepEqual(listLeftovers(outbox), []);
});

testInShells('a second run leaves the first alone and says whose turn it is', async (outbox) => {
  writeEndlessAgent(outbox);
  const running = spawn(outbox.shell.file, [sendMailFile, ...usualArguments(outbox)], {
    env: environmentOf(outbox),
    stdio: 'ignore',
  });
  await waitForFile(join(outbox.root, 'pids'));
  const { status, stderr } = send(outbox);
  const why = `another run is under way: process ${running.pid} has ${outbox.lock}`;
  assert.deepEqual({ status, stderr }, { status: 75, stderr: `courier-send-mail: ${why}\n` });
  assert.ok(existsSync(outbox.lock));
  running.kill('SIGTERM');
  await once(running, 'exit');
});

testInShells('a lock that a crash or another program has left is taken over', (outbox) => {
  writeScript(outbox.agent, "echo '<<<check_mk>>>'");
  const { pid } = spawnSync('true');
  for (const holder of [pid, process.pid]) {
    mkdirSync(outbox.lock);
    writeFileSync(join(outbox.lock, 'pid'), `${holder}\n`);
    const { status, stderr } = send(outbox);
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
    assert.deepEqual(listLeftovers(outbox), []);
  }
});

testInShells('a lock without a number is another run about to begin', (outbox) => {
  writeScript(outbox.agent, "echo '<<<check_mk>>>'");
  mkdirSync(outbox.lock);
  assert.equal(send(outbox).status, 75);
  spawnSync('touch', ['-d', '2 minutes ago', outbox.lock]);
  assert.equal(send(outbox).status, 0);
});

testInShells(
  'without /proc a mail is sent, and a lock counts no longer than a run can take',
  (outbox) => {
    if (skipWithoutMounts) return;
    writeScript(outbox.agent, "echo '<<<check_mk>>>'");
    const script = 'mount -t tmpfs none /proc && exec "$@"';
    const command = [outbox.shell.file, sendMailFile, ...usualArguments(outbox)];
    const sendWithoutProc = () =>
      spawnSync('unshare', ['-m', '/bin/sh', '-c', script, 'sh', ...command], {
        encoding: 'utf8',
        env: environmentOf(outbox),
        timeout: 30_000,
      });
    assert.equal(sendWithoutProc().status, 0);
    assert.deepEqual(listLeftovers(outbox), []);
    mkdirSync(outbox.lock);
    writeFileSync(join(outbox.lock, 'pid'), `${process.pid}\n`);
    assert.equal(sendWithoutProc().status, 75);
    spawnSync('touch', ['-d', '7 minutes ago', outbox.lock]);
    assert.equal(sendWithoutProc().status, 0);
    assert.deepEqual(listLeftovers(outbox), []);
  },
);
