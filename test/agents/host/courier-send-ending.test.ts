import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertSoonEmpty } from '../../helpers/soon-empty.ts';
import { waitUntil } from '../../helpers/wait-until.ts';
import { isRunning, writeScript } from './courier-agent-shells.ts';
import {
  goodOutput,
  listState,
  runInLibrary,
  type Sender,
  send,
  startSending,
  testHost,
  testSending,
  urlFor,
  writeAgent,
} from './courier-send-shells.ts';

/** An agent that hangs, deaf to TERM, with a child in a session of its own. */
function writeEndlessAgent({ root, agent }: Sender): void {
  writeScript(
    agent,
    `trap '' TERM`,
    'setsid sleep 1000 &',
    `echo "$! $$" >'${root}/pids.part'`,
    `mv '${root}/pids.part' '${root}/pids'`,
    `echo '<<<check_mk>>>'`,
    'while :; do sleep 1; done',
  );
}

async function waitForPids({ root }: Sender): Promise<readonly string[]> {
  while (!existsSync(join(root, 'pids'))) await sleep(10);
  return readFileSync(join(root, 'pids'), 'utf8').trim().split(' ');
}

async function assertEnded(pids: readonly string[]): Promise<void> {
  await assertSoonEmpty('still running', () => pids.filter(isRunning));
}

testHost('an agent that takes too long is ended, with all it started', async (sender) => {
  writeEndlessAgent(sender);
  const why = `the agent took longer than 1s: ${sender.agent}; nothing is left to send`;
  await send(sender, 6, why, ['--timeout=1']);
  await assertEnded(await waitForPids(sender));
  assert.deepEqual(listState(sender), []);
  assert.deepEqual(sender.receiver.arrivals, []);
});

testSending('a receiver that takes too long is left, and the output kept', async (sender) => {
  writeAgent(sender, goodOutput);
  sender.receiver.answer = { status: 0 };
  const why = `sending to ${urlFor(sender)} took longer than 2s`;
  await send(sender, 6, why, ['--timeout=2']);
  assert.match(listState(sender).join(), /^unsent\.\d+$/);
});

testHost('a signal ends it, with the agent and every file', async (sender) => {
  writeEndlessAgent(sender);
  const running = startSending(sender);
  const pids = await waitForPids(sender);
  process.kill(running.pid, 'SIGTERM');
  const { code, stderr } = await running.ended;
  assert.deepEqual({ code, stderr }, { code: 143, stderr: '' });
  await assertEnded(pids);
  assert.deepEqual(listState(sender), []);
});

testSending('a signal while it sends keeps the output and nothing else', async (sender) => {
  writeAgent(sender, goodOutput);
  sender.receiver.answer = { status: 0 };
  const running = startSending(sender);
  await waitUntil(() => sender.receiver.arrivals.length === 1);
  process.kill(running.pid, 'SIGTERM');
  const { code, stderr } = await running.ended;
  assert.deepEqual({ code, stderr }, { code: 143, stderr: '' });
  assert.match(listState(sender).join(), /^unsent\.\d+$/);
});

testHost('a signal at any moment leaves no process and no file', async (sender) => {
  const { root, state } = sender;
  writeScript(sender.agent, `echo $$ >>'${root}/agents'`, 'sleep 0.05', `echo '<<<check_mk>>>'`);
  for (let delayMs = 0; delayMs < 120; delayMs += 8) {
    const running = startSending(sender);
    await sleep(delayMs);
    spawnSync('kill', [`${running.pid}`]);
    const { code, signal } = await running.ended;
    assert.ok(code === 143 || code === 0 || signal === 'SIGTERM', `${code} after ${delayMs}`);
    if (!existsSync(state)) continue;
    assert.doesNotMatch(listState(sender).join(), /work/, `after ${delayMs} ms`);
  }
  const agents = existsSync(join(root, 'agents')) ? readFileSync(join(root, 'agents'), 'utf8') : '';
  await assertEnded(agents.trim().split('\n').filter(Boolean));
});

testHost('a second run leaves the first alone and says which it is', async (sender) => {
  writeEndlessAgent(sender);
  const running = startSending(sender);
  await waitForPids(sender);
  await send(sender, 75, `another run is under way: process ${running.pid}`);
  assert.ok(existsSync(join(sender.state, 'work')));
  process.kill(running.pid, 'SIGTERM');
  assert.equal((await running.ended).code, 143);
});

testHost('what a killed run has left is taken over', async (sender) => {
  const { root, state } = sender;
  writeScript(sender.agent, `touch '${root}/begun'`, 'sleep 2', `echo '<<<check_mk>>>'`);
  const running = startSending(sender, ['--timeout=3']);
  await waitUntil(() => existsSync(join(root, 'begun')));
  process.kill(running.pid, 'SIGKILL');
  await running.ended;
  assert.deepEqual(listState(sender), ['work']);
  writeAgent(sender, goodOutput);
  await send(sender, 0);
  assert.deepEqual(readdirSync(state), ['lock.2']);
});

testHost('a lock of a number that is used again is no lock', async (sender) => {
  writeAgent(sender, goodOutput);
  const { stdout } = await runInLibrary(sender, `identify ${process.pid}; echo "$identity"`);
  const [pid = '', since = '', boot = ''] = stdout.toString().trim().split(':');
  const lock = join(sender.state, 'lock.7');
  mkdirSync(sender.state, { mode: 0o700 });
  symlinkSync(`${pid}:${since}:${boot}`, lock);
  await send(sender, 75, `another run is under way: process ${process.pid}`);
  assert.equal(readlinkSync(lock), `${pid}:${since}:${boot}`);
  const ended = spawnSync('true').pid;
  const others = [
    `${pid}:${Number(since) + 1}:${boot}`,
    `${pid}:${since}:x`,
    `${ended}:1:${boot}`,
    'x',
  ];
  for (const owner of others) {
    for (const name of readdirSync(sender.state)) assert.match(name, /^lock\./);
    spawnSync('ln', ['-sfn', owner, join(sender.state, 'lock.99')]);
    await send(sender, 0);
    assert.deepEqual(readdirSync(sender.state), ['lock.100']);
    spawnSync('rm', [join(sender.state, 'lock.100')]);
  }
});

testHost('of many runs that find a stale lock only one has it at a time', async (sender) => {
  const { root, state } = sender;
  writeScript(
    sender.agent,
    `mkdir '${root}/inside' || echo twice >>'${root}/wrong'`,
    'sleep 0.1',
    `rmdir '${root}/inside'`,
    `echo '<<<check_mk>>>'`,
  );
  mkdirSync(state, { mode: 0o700 });
  symlinkSync('1:1:stale', join(state, 'lock.1'));
  const runs = Array.from({ length: 12 }, () => startSending(sender).ended);
  const codes = (await Promise.all(runs)).map(({ code }) => code ?? -1);
  assert.deepEqual(
    codes.filter((code) => code !== 0 && code !== 75),
    [],
  );
  assert.ok(codes.includes(0));
  assert.ok(!existsSync(join(root, 'wrong')));
});

testHost('the random delay is never longer than asked for', async (sender) => {
  const { stdout } = await runInLibrary(
    sender,
    [
      'run_limited() { echo "$*"; }',
      'opt_JITTER=3',
      'count=0',
      'while [ "$count" -lt 100 ]; do wait_a_while; count=$((count + 1)); done',
      'opt_JITTER=0',
      'wait_a_while',
    ].join('\n'),
  );
  const calls = stdout.toString().trim().split('\n');
  assert.equal(calls.length, 100);
  assert.deepEqual([...new Set(calls)].sort(), [
    '13 sleep 0',
    '13 sleep 1',
    '13 sleep 2',
    '13 sleep 3',
  ]);
});
