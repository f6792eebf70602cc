import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertSoonEmpty } from '../../helpers/soon-empty.ts';
import { isRunning, writeScript } from './courier-agent-shells.ts';
import {
  listLeftovers,
  listProcesses,
  type Sender,
  send,
  sendRsyncFile,
  startSending,
  testSending,
} from './courier-send-rsync-shells.ts';

/** Nobody listens there, so a run that comes so far ends with exit code 5. */
const nowhere = '--to=rsync://web01@127.0.0.1:1/drops/agent-output';
const cameThrough = 5;

/** An agent that writes its number, and that of a child, and prints no end. */
function writeHangingAgent({ root, agent }: Sender): string {
  const numbers = join(root, 'numbers');
  writeScript(
    agent,
    "echo '<<<check_mk>>>'",
    'sleep 1000 &',
    `echo "$$ $!" >'${numbers}.new'`,
    `mv '${numbers}.new' '${numbers}'`,
    'wait',
  );
  return numbers;
}

async function readNumbers(path: string): Promise<readonly string[]> {
  while (!existsSync(path)) await sleep(10);
  return readFileSync(path, 'utf8').trim().split(' ');
}

function assertGone(pids: readonly string[]): Promise<void> {
  return assertSoonEmpty('the agent still runs', () => pids.filter(isRunning));
}

function lineOf(sender: Sender, args: readonly string[]): string {
  const { stderr, status, stdout } = send(sender, args);
  assert.equal(stdout, '');
  assert.deepEqual(listLeftovers(sender), []);
  return `${stderr.replace('courier-send-rsync: ', '').trimEnd()} (${status})`;
}

testSending('an agent that hangs is ended with all it has started', async (sender) => {
  const numbers = writeHangingAgent(sender);
  assert.equal(
    lineOf(sender, [nowhere, '--timeout=1']),
    `the agent took longer than 1s: ${sender.agent} (6)`,
  );
  await assertGone(await readNumbers(numbers));
});

testSending('a signal ends agent and run, and nothing is left', async (sender) => {
  for (const [name, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const) {
    const numbers = writeHangingAgent(sender);
    const { pid, ended } = startSending(sender, [nowhere]);
    const pids = await readNumbers(numbers);
    process.kill(pid, name);
    const end = await ended;
    assert.deepEqual([end.code, end.stderr, end.stdout.toString()], [code, '', '']);
    await assertGone(pids);
    assert.deepEqual(listLeftovers(sender), []);
    rmSync(numbers);
  }
});

testSending('an agent that prints no agent output sends nothing', (sender) => {
  for (const printed of ['', '\n<<<a>>>\n', 'error: no agent\n', '<<']) {
    writeScript(sender.agent, `printf '%s' '${printed}'`);
    assert.equal(lineOf(sender, [nowhere]), `the agent printed no section: ${sender.agent} (9)`);
  }
});

testSending('an agent that is killed sends nothing, one with an exit code does', (sender) => {
  writeScript(sender.agent, "echo '<<<a>>>'", 'kill -9 $$');
  assert.match(lineOf(sender, [nowhere]), /^the agent ended with \d+: .* \(8\)$/);
  writeScript(sender.agent, "echo '<<<a>>>'", 'exit 1');
  assert.equal(send(sender, [nowhere]).status, cameThrough);
  assert.equal(
    lineOf(sender, [nowhere, '--agent=/no/such/agent']),
    'there is no program /no/such/agent (4)',
  );
});

testSending('the agent may have arguments, and no shell looks at them', (sender) => {
  writeScript(sender.agent, `printf '<%s>\\n' "$@" >'${sender.root}/arguments'`, "echo '<<<a>>>'");
  assert.equal(send(sender, [nowhere, `--agent=${sender.agent} * $(id)  x`]).status, cameThrough);
  assert.equal(readFileSync(join(sender.root, 'arguments'), 'utf8'), '<*>\n<$(id)>\n<x>\n');
});

testSending('a run that is over leaves no process behind', async (sender) => {
  writeScript(sender.agent, `sh -c 'sleep 1000; : ${sender.root}' &`, "echo '<<<a>>>'");
  assert.equal(send(sender, [nowhere]).status, cameThrough);
  await assertSoonEmpty('a process is left', () => listProcesses(sender));
});

testSending('a second run leaves the first alone', async (sender) => {
  const numbers = writeHangingAgent(sender);
  const first = startSending(sender, [nowhere]);
  await readNumbers(numbers);
  const owner = readlinkSync(sender.lock);
  const second = send(sender, [nowhere]);
  assert.equal(
    second.stderr,
    `courier-send-rsync: another run is under way: ${owner} has ${sender.lock}\n`,
  );
  assert.equal(second.status, 75);
  assert.equal(readlinkSync(sender.lock), owner);
  process.kill(first.pid, 'SIGTERM');
  await first.ended;
  assert.deepEqual(listLeftovers(sender), []);
});

/** When this process began, as a lock has it. */
function ownStartTime(): string {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

testSending('the lock of a run that is over is taken, whoever has its number now', (sender) => {
  writeScript(sender.agent, "echo '<<<a>>>'");
  for (const owner of ['courier:4999999:123', `courier:${process.pid}:1`, 'courier:4999999:']) {
    symlinkSync(owner, sender.lock);
    assert.equal(send(sender, [nowhere]).status, cameThrough, owner);
    assert.deepEqual(listLeftovers(sender), []);
  }
});

testSending('a lock without a start time counts no longer than a run can take', (sender) => {
  writeScript(sender.agent, "echo '<<<a>>>'");
  symlinkSync(`courier:${process.pid}:`, sender.lock);
  spawnSync('touch', ['-h', '-d', '4 minutes ago', sender.lock]);
  assert.equal(send(sender, [nowhere]).status, 75);
  spawnSync('touch', ['-h', '-d', '7 minutes ago', sender.lock]);
  assert.equal(send(sender, [nowhere]).status, cameThrough);
  assert.deepEqual(listLeftovers(sender), []);
});

testSending('the lock of a run that is not over, or of somebody else, stays', (sender) => {
  writeScript(sender.agent, "echo '<<<a>>>'");
  const alive = `courier:${process.pid}`;
  for (const owner of [`${alive}:${ownStartTime()}`, `${alive}:`, 'other', 'courier:x:1']) {
    symlinkSync(owner, sender.lock);
    assert.equal(send(sender, [nowhere]).status, 75, owner);
    assert.equal(readlinkSync(sender.lock), owner);
    rmSync(sender.lock);
  }
  mkdirSync(sender.lock);
  assert.equal(send(sender, [nowhere]).status, 4);
});

testSending(
  'of many runs that find the lock of a dead one, one at a time gets it',
  async (sender) => {
    const log = join(sender.root, 'log');
    writeScript(
      sender.agent,
      `echo begin >>'${log}'`,
      'sleep 0.2',
      `echo end >>'${log}'`,
      "echo '<<<a>>>'",
    );
    symlinkSync('courier:4999999:1', sender.lock);
    const runs = Array.from({ length: 12 }, () => startSending(sender, [nowhere]).ended);
    const codes = (await Promise.all(runs)).map(({ code }) => code);
    assert.ok(codes.includes(cameThrough));
    assert.deepEqual(
      codes.filter((code) => code !== cameThrough && code !== 75),
      [],
    );
    const words = readFileSync(log, 'utf8').trim().split('\n');
    for (const [index, word] of words.entries()) {
      assert.equal(word, index % 2 === 0 ? 'begin' : 'end');
    }
    assert.deepEqual(listLeftovers(sender), []);
  },
);

const wrongPlaces: readonly (readonly [string, RegExp])[] = [
  ['', /^no place to send to: --to or TO/],
  ['/drops/x', /^--to names no other machine: "\/drops\/x"/],
  ['https://site/x/y', /^--to must look like rsync:\/\/USER@SITE\/MODULE\/FILE/],
  ['rsync://site/x', /^--to must look like/],
  ['--rsh=x', /^--to has a character in it/],
  ['rsync://site/m/--rsh=x', /^--to has a character in it/],
  ['site:$(id)', /^--to has a character in it/],
  ['site:a b', /^--to has a character in it/],
  ['site:a\nb', /^--to has a character in it/],
  ['site:*', /^--to has a character in it/],
];

testSending('a place that could mean something else is refused', (sender) => {
  for (const [place, line] of wrongPlaces) {
    assert.match(lineOf(sender, [`--to=${place}`]), line);
    assert.match(lineOf(sender, [`--to=${place}`]), / \(2\)$/);
  }
});

testSending('a wrong setting is one line and changes nothing', (sender) => {
  const refused = (args: readonly string[]) => lineOf(sender, [nowhere, ...args]);
  assert.equal(refused(['--nonsense=x']), 'unknown option "--nonsense", see --help (2)');
  assert.equal(refused(['x']), 'unknown argument "x", see --help (2)');
  assert.equal(refused(['--timeout=ten']), '--timeout must be a number such as 60 (2)');
  assert.equal(refused(['--ssh-port=0']), '--ssh-port must be a number such as 22 (2)');
  assert.equal(refused(['--host=../x']), 'not a host name Checkmk would accept: "../x" (2)');
  assert.equal(refused(['--password-file=/no/such']), '--password-file: cannot read /no/such (4)');
  assert.equal(
    refused(["--ssh-key=/a b'"]),
    '--ssh-key has a character in it that it must not have (2)',
  );
  assert.equal(refused(['--config=/no/such']), 'cannot read the configuration file /no/such (3)');
  const config = join(sender.root, 'conf');
  writeFileSync(config, '# x\n\nTIMEOUT=5\nexec rm -rf x\n');
  assert.match(refused([`--config=${config}`]), /conf, line 4: not a setting such as TO=.* \(3\)$/);
});

testSending('--help and --version answer', (sender) => {
  const { stdout, status } = send(sender, ['--help']);
  assert.match(stdout, /^usage: courier-send-rsync \[--config=FILE\] \[OPTION…\]\n/);
  assert.equal(status, 0);
  const { version } = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  );
  assert.equal(send(sender, ['--version']).stdout, `courier-send-rsync ${version}\n`);
  assert.ok(existsSync(sendRsyncFile));
});
