/** courier-doctor: what it prints, in each shell, as root and not, and with tools missing. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { skipUnlessRoot } from '../../helpers/another-user.ts';
import { waitUntil } from '../../helpers/wait-until.ts';
import {
  controllerStatus,
  doctorFile,
  FakeHost,
  goodOutput,
  ownTools,
  type Report,
  shellNames,
  skipShell,
  stepOf,
  testInShells,
} from './courier-doctor-hosts.ts';

const isLong = process.env['COURIER_TEST_LONG'] !== undefined;
const stepIds =
  'agent dump starter listener controller legacy receiver clock system firewall'.split(' ');

/** Whether a test process may see what only root sees. */
const isRoot = process.geteuid?.() === 0;

/** A host on which everything is there and fine, without a site that could be asked. */
function makeGoodHost(
  owner: { after(cleanUp: () => void): void },
  shell: (typeof shellNames)[number],
) {
  return new FakeHost(owner, shell)
    .agent()
    .controller(controllerStatus({ mode: 'push-agent', site: '127.0.0.1/mysite', port: 1 }))
    .systemd('active', 'active')
    .program('timedatectl', 'echo yes')
    .program('nft', ':')
    .program('journalctl', 'echo nothing here')
    .program('nc', 'echo Connection refused >&2; exit 1');
}

test('the script is executable, and of this version', () => {
  assert.equal(statSync(doctorFile).mode & 0o777, 0o755);
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const said = spawnSync(doctorFile, ['--version'], { encoding: 'utf8' });
  assert.equal(said.stdout, `courier-doctor ${version}\n`);
});

testInShells('a report is one JSON object with all steps in their order', async (t, shell) => {
  const host = makeGoodHost(t, shell);
  const report = await host.report(['--run=0a1b', '--host=web01']);
  assert.deepEqual(
    report.steps.map(({ id }) => id),
    stepIds,
  );
  assert.deepEqual([report.host, report.run], ['web01', '0a1b']);
  assert.deepEqual(stepOf(report, 'agent').evidence, {
    kind: 'checkmk',
    path: join(host.bin, 'check_mk_agent'),
    bytes: `${goodOutput.join('\n')}\n`.length,
    sections: 2,
    version: '2.4.0p1',
    exit: 0,
    timed_out: false,
  });
  const { evidence, text } = stepOf(report, 'controller');
  assert.equal(text, 'version 2.4.0p1, 1 connections: 0 pull, 1 push, 0 imported');
  assert.deepEqual(evidence['sites'], ['127.0.0.1/mysite']);
  const sum = Object.values(report.summary).reduce((total, count) => total + count, 0);
  assert.equal(sum, stepIds.length);
  assert.equal(report.summary['crashed'], 0);
});

testInShells(
  'people get a line a step, the cause, what to do, and a sentence',
  async (t, shell) => {
    const host = new FakeHost(t, shell).program('id', 'echo 1000').program('date', 'exit 1');
    const { stdout, status, stderr } = host.run(['--host=web01', '--port=1', '--ascii']);
    assert.equal(
      stdout,
      `web01, looked at by courier-doctor 0.1.0 as user 1000

  x  agent       there is no check_mk_agent and no courier-agent
    cause       agent-missing
    do          install the agent package of the site
  -  dump        skipped: needs the Agent Controller
  ?  starter     no systemd unit, no xinetd, no inetd entry; cron, ssh or courier-send may run the agent
  x  listener    nobody listens on port 1
    cause       port-refused
    do          see what starts the agent; an Agent Controller listens once it has a pull connection
  ok controller  no Agent Controller here: the agent is reached without TLS, or pushed by other means
  -  legacy      skipped: needs the Agent Controller
  -  receiver    skipped: needs a site: this host is registered at none; courier-doctor --site=SERVER/SITE
  ?  clock       nobody could look: date is missing
  ok system      room everywhere
  ?  firewall    only root may look at the firewall

  Run as root, it sees more.

  web01: there is no check_mk_agent and no courier-agent (agent-missing).
`,
    );
    assert.deepEqual([stderr, status], ['', 4]);
    const quiet = host.run(['--host=web01', '--port=1', '-q']);
    assert.equal(
      quiet.stdout,
      '  web01: there is no check_mk_agent and no courier-agent (agent-missing).\n',
    );
  },
);

testInShells('a wrong argument is told on one line, and nothing else is done', async (t, shell) => {
  const host = new FakeHost(t, shell);
  const expected: readonly (readonly [argument: string, line: string])[] = [
    ['--jsn', 'unknown argument "--jsn", see --help'],
    ['--run=a b', '--run may have letters, digits and _.- only'],
    ['--host=-x', '--host must be a host name'],
    ['--site=a/b/c', '--site must look like server.example.com/mysite'],
    ['--site=-oProxyCommand=x', '--site must look like server.example.com/mysite'],
    ['--site-address=web01', '--site-address must be an IP address'],
    ['--port=70000', '--port must be a number such as 6556'],
    ['--deadline=1', '--deadline must be 3 to 300 seconds'],
  ];
  for (const [argument, line] of expected) {
    const { stdout, stderr, status } = host.run([argument]);
    assert.deepEqual([stdout, stderr, status], ['', `courier-doctor: ${line}\n`, 2]);
  }
});

/** In every shell with the long tests; in each run all tools under dash, some under the others. */
const decisive = ['awk', 'date', 'id', 'sleep', 'tr'];
const tools = [
  ...ownTools,
  ...['cmk-agent-ctl', 'check_mk_agent', 'systemctl', 'timedatectl', 'nft', 'journalctl', 'nc'],
];

testInShells('each tool may be missing: it says so, and never fails', async (t, shell) => {
  for (const tool of shell === 'dash' || isLong ? tools : decisive) {
    const host = makeGoodHost(t, shell).remove(tool);
    const report = await host.report(['--host=web01']);
    assert.equal(report.steps.length, stepIds.length, tool);
    assert.equal(report.summary['crashed'], 0, tool);
    if (tool === 'awk') {
      const { status, text } = stepOf(report, 'agent');
      assert.deepEqual([status, /awk is missing/.test(text)], ['unknown', true], text);
    }
  }
});

testInShells('without any tool at all it still says what it could not see', async (t, shell) => {
  const host = new FakeHost(t, shell);
  for (const tool of readdirSync(host.bin)) host.remove(tool);
  const report = await host.report();
  assert.deepEqual(
    report.steps.map(({ id, status, code }) => [id, status, code].filter(Boolean).join(' ')),
    [
      'agent fault agent-missing',
      'dump skipped',
      'starter unknown',
      'listener fault port-refused',
      'controller ok',
      'legacy skipped',
      'receiver skipped',
      'clock unknown',
      'system unknown',
      'firewall unknown',
    ],
  );
});

const needsRoot = skipUnlessRoot();

for (const shell of shellNames) {
  test(`${shell}: an ordinary user gets a report, too, in which root's part is unknown`, {
    skip: needsRoot || skipShell(shell),
  }, async (t) => {
    const host = makeGoodHost(t, shell);
    for (const tool of ['', ...(shell === 'dash' ? decisive : [])]) {
      if (tool !== '') host.remove(tool);
      const report = await host.report([], { asUser: true });
      assert.equal(report.summary['crashed'], 0, tool);
      assert.equal(stepOf(report, 'firewall').status, 'unknown');
      assert.notEqual(stepOf(report, 'dump').status, 'fault');
    }
  });
}

/** All below a directory, with times. */
function listTree(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => `${name} ${statSync(join(directory, name)).mtimeMs}`);
}

testInShells('it changes nothing, and leaves no process and no file behind', async (t, shell) => {
  const host = makeGoodHost(t, shell);
  const mark = `doctor-${randomBytes(6).toString('hex')}`;
  host.program('check_mk_agent', 'echo "<<<check_mk>>>"', 'sleep 300 &', 'sleep 300');
  const before = listTree(host.directory);
  const report = await host.report(['--deadline=3'], { env: { DOCTOR_MARK: mark } });
  assert.equal(stepOf(report, 'agent').code, 'agent-slow');
  assert.deepEqual(listTree(host.directory), before);
  assert.deepEqual(findProcesses(mark), []);
});

function fail(): never {
  throw new Error('it has not started');
}

function findProcesses(mark: string): readonly string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/environ`, 'latin1').includes(mark);
    } catch {
      return false;
    }
  });
}

testInShells('a signal ends it with all it has started', async (t, shell) => {
  const host = makeGoodHost(t, shell);
  const mark = `doctor-${randomBytes(6).toString('hex')}`;
  host.program('check_mk_agent', `: >${host.directory}/runs`, 'sleep 300');
  const [program = '', ...args] = shell === 'busybox' ? ['busybox', 'sh'] : [shell];
  const child = spawn(program, [...args, doctorFile], {
    env: { ...process.env, COURIER_DOCTOR_PATH: host.bin, DOCTOR_MARK: mark },
    stdio: 'ignore',
    // A group of its own, as a terminal has it.
    detached: true,
  });
  await waitUntil(() => existsSync(join(host.directory, 'runs')));
  process.kill(-(child.pid ?? fail()), 'SIGTERM');
  // The signal came to the whole group; whoever waits for a child to end goes a moment later.
  await waitUntil(() => findProcesses(mark).length === 0);
});

testInShells('no secret that it comes across is in what it prints', async (t, shell) => {
  const secret = `S3cr3t${randomBytes(12).toString('hex')}`;
  const status = JSON.parse(controllerStatus({ site: '127.0.0.1/mysite', port: 1 }));
  const connection = {
    ...status.connections[0],
    private_key: secret,
    remote: { error: `bad token ${secret}` },
  };
  const host = makeGoodHost(t, shell)
    .agent(...goodOutput, `<<<local>>>`, `0 x - ${secret}`)
    .controller(JSON.stringify({ ...status, api_key: secret, connections: [connection] }))
    .systemd('active', 'failed')
    .program(
      'journalctl',
      `echo "login with password=${secret}"; echo "proxy http://u:${secret}@p:1/"; echo "blob ${secret} x"`,
    )
    .program('nft', `echo 'tcp dport 6556 drop comment "${secret}"'`)
    .program('nc', `echo "nc: ${secret} refused" >&2; exit 1`)
    .file('var/lib/cmk-agent/registered_connections.json', JSON.stringify({ private_key: secret }));
  const env = { https_proxy: `http://u:${secret}@proxy:3128` };
  for (const args of [['--json'], ['-v'], []]) {
    const { stdout, stderr } = host.run(args, { env });
    assert.ok(stdout.length > 100 || args[0] === '--json');
    assert.ok(!`${stdout}${stderr}`.includes(secret), stdout);
  }
  const report: Report = await host.report(['--port=6556'], { env });
  assert.equal(stepOf(report, 'receiver').evidence['proxy'], true);
  if (isRoot) assert.deepEqual(stepOf(report, 'firewall').code, 'blocked');
});

testInShells('what a host prints about itself is cleaned, cut and escaped', async (t, shell) => {
  const host = makeGoodHost(t, shell);
  const odd = `a"b\\c\u001b[31m\u202e€${'x'.repeat(1000)}`;
  host.controller(controllerStatus({ site: odd }));
  const { evidence } = stepOf(await host.report(), 'controller');
  assert.match(String(evidence['sites']), /^a"b\\c\?*\[31m\?+x+$/);
  assert.ok(String(evidence['sites']).length <= 300);
});
