import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { skipWithout } from '../../../helpers/required-peer.ts';
import { sha256 } from '../../../peers/update-documents.ts';
import { startUpdateServer } from '../../../peers/update-server.ts';
import { Host, inLong } from './host.ts';
import { agentThatPrints, makeRelease } from './packages.ts';

async function makeWorld(t: TestContext) {
  const server = await startUpdateServer(t);
  const host = new Host(t, { server });
  server.repository.addRoot({ servers: [server.url] });
  host.register(server);
  return { host, server };
}

/** A host whose release has these settings. */
async function hostWithSettings(t: TestContext, ...lines: readonly string[]) {
  const world = await makeWorld(t);
  const settings = { path: 'etc/update.conf', mode: 0o600, content: `${lines.join('\n')}\n` };
  world.host.offer(makeRelease('1', [settings]));
  const { status, stderr } = await world.host.update();
  assert.deepEqual([status, stderr], [0, '']);
  return world;
}

test('CF-1: the command line wins over the package, and the package over the state', async (t) => {
  const { host, server } = await hostWithSettings(
    t,
    '# ours',
    'timeout 30',
    'proxy none',
    'host web09',
  );
  host.write(
    'state/registration',
    `${host.read('state/registration')}proxy http://me:word@proxy:1\n`,
  );
  const { status, stdout, stderr } = await host.run(['show-config', '--timeout=20']);
  assert.deepEqual([status, stderr], [0, '']);
  const shown = stdout.split('\n').map((line) => line.replace(/ +/g, ' '));
  for (const line of [
    `server ${server.url} state`,
    'host web01 state, overridden',
    'host web09 package',
    'timeout 30 package, overridden',
    'timeout 20 option',
    'proxy http://********@proxy:1 state, overridden',
    'allow-http yes state',
    'secret ******** state',
  ]) {
    assert.ok(shown.includes(line), `${line} in ${stdout}`);
  }
});

test('CF-2: settings are read, never run', async (t) => {
  const { host } = await makeWorld(t);
  const bait = join(host.root, 'bait');
  for (const value of [
    `$(touch ${bait})`,
    `\`touch ${bait}\``,
    `x; touch ${bait}`,
    `'; touch ${bait}; '`,
    `" $(touch ${bait}) "`,
  ]) {
    for (const name of ['agent', 'restart', 'host', 'log', 'proxy', 'lost-sections', 'timeout']) {
      host.write('state/registration', `${name} ${value}\n`);
      await host.run(['show-config']);
    }
  }
  host.write('state/registration', 'nonsense 1\n');
  const { status, stderr } = await host.run(['show-config']);
  const why = `${host.base}/state/registration, line 1: there is no setting "nonsense"`;
  assert.deepEqual([status, stderr], [3, `courier-update: E-CONFIG ${why}\n`]);
  assert.equal(existsSync(bait), false);
});

test('CF-3: help names every mode and option, and a wrong one is refused', async (t) => {
  const { host } = await makeWorld(t);
  const { stdout } = await host.run(['--help']);
  for (const mode of [
    'register',
    'install',
    'update',
    'status',
    'show-config',
    'self-test',
    'rollback',
  ]) {
    assert.match(stdout, new RegExp(`^ {2}${mode} `, 'm'));
  }
  const script = readFileSync(host.updater, 'utf8');
  const options = [...script.matchAll(/^ {12}(--[a-z0-9-]+)[=*)| ]/gm)].map(
    ([, name = '']) => name,
  );
  for (const option of options) {
    if (option !== '--quick') assert.ok(stdout.includes(option), option);
  }
  assert.ok(options.length > 12);
  assert.deepEqual(
    [(await host.run(['dance'])).stderr, (await host.run(['update', '--dance'])).stderr],
    [
      'courier-update: E-USAGE unknown argument "dance", see --help\n',
      'courier-update: E-USAGE unknown option "--dance", see --help\n',
    ],
  );
});

test('CF-4: switched off, a host does nothing but say how it stands', async (t) => {
  const { host, server } = await makeWorld(t);
  host.write('off', '');
  for (const mode of ['update', 'install', 'rollback', 'register']) {
    const { status, stderr } = await host.run([mode]);
    assert.equal(status, 3);
    assert.match(stderr, /^courier-update: E-OFF /);
  }
  assert.deepEqual(server.requests, []);
  assert.match((await host.run(['status'])).stdout, /^switch +off$/m);
});

test('CF-6: the log is put aside at its size, and no text of others forges a line of it', async (t) => {
  const { host, server } = await makeWorld(t);
  server.fail('root', { kind: 'status', status: 500 });
  await host.update();
  const forged = '20300101000000 info all is well';
  const evil = `\u001b[31m\n${forged}\r\n`;
  host.offer(
    makeRelease('1', [
      { path: 'bin/check_mk_agent', mode: 0o755, content: agentThatPrints(`${forged}`) },
    ]),
  );
  await host.update(`--lost-sections=${evil}`);
  const lines = host.read('state/log').trimEnd().split('\n');
  assert.ok(lines.length >= 2);
  for (const line of lines) assert.match(line, /^\d{14} (info|warning) [ -~]+$/);
  assert.equal(lines.includes(forged), false);
  await host.update('--log-size=10');
  assert.ok(existsSync(join(host.base, 'state/log.1')));
});

test('CF-6: warnings go to syslog where there is a logger', { skip: inLong }, async (t) => {
  const { host, server } = await makeWorld(t);
  const path = host.substitute(
    'logger',
    `cat >"${host.root}/logged"`,
    `echo "$@" >>"${host.root}/logged"`,
  );
  server.fail('check', { kind: 'status', status: 500 }, 2);
  await host.run(['update', '--syslog=no'], { PATH: path });
  assert.equal(existsSync(join(host.root, 'logged')), false);
  await host.run(['update'], { PATH: path });
  assert.match(
    readFileSync(join(host.root, 'logged'), 'utf8'),
    /^E-SERVER \S+ answered 500\n-t courier-update -p daemon.warning\n$/,
  );
});

test('CL-10: skip is for root at a terminal, with the whole digest', {
  skip: inLong,
}, async (t) => {
  const { host } = await makeWorld(t);
  assert.equal(
    (await host.update(`--skip=${'0'.repeat(63)}`)).stderr,
    'courier-update: E-USAGE --skip wants the whole SHA-256 of a package\n',
  );
  assert.equal(
    (await host.update(`--skip=${'0'.repeat(64)}`)).stderr,
    'courier-update: E-USAGE --skip is for a person at a terminal\n',
  );
  host.write('state/registration', `skip ${'0'.repeat(64)}\n`);
  assert.match((await host.update()).stderr, /E-CONFIG .* there is no setting "skip"/);
});

test('CL-10: what root accepts by hand, once, is logged and reported', {
  skip: inLong || skipWithout('script'),
}, async (t) => {
  const { host, server } = await makeWorld(t);
  server.repository.counter = 20;
  host.offer(makeRelease('1'));
  assert.equal((await host.update()).status, 0);
  server.repository.counter = 5;
  const older = makeRelease('2');
  host.offer(older);
  assert.match((await host.update()).stderr, /E-ROLLBACK/);
  const command = `sh ${host.updater} update --base=${host.base} --skip=${sha256(older.bytes)}`;
  const { stdout } = await host.exec('script', ['-qec', command, '/dev/null']);
  assert.match(stdout, /E-SKIP the package [0-9a-f]{64} is accepted once, by hand/);
  assert.equal(host.read('current'), `${older.hash}\n`);
  assert.match(host.read('state/log'), /warning E-SKIP/);
  assert.equal(server.requests.at(-1)?.fields['code'], 'E-SKIP');
  assert.equal(host.floors()['counter'], '21');
});

test('IN-13: one run at a time, and a lock of a process that is gone holds nobody', async (t) => {
  const { host, server } = await makeWorld(t);
  const locks = join(host.base, 'state');
  mkdirSync(join(locks, 'lock.7'));
  const stat = readFileSync(`/proc/${process.pid}/stat`, 'latin1');
  const since = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  const owner = (text: string) => writeFileSync(join(locks, 'lock.7/owner'), `${text}\n`);
  owner(`${process.pid}:${since}:${boot}`);
  const held = await host.update();
  assert.deepEqual(
    [held.status, held.stderr],
    [75, `courier-update: E-LOCK another run is under way: process ${process.pid}\n`],
  );
  // The same number, of a process that began at another time.
  owner(`${process.pid}:1:${boot}`);
  assert.equal((await host.update()).status, 0);
  let both: Promise<unknown> | undefined;
  server.onRequest = () => {
    both ??= host.update().then(({ status }) => assert.equal(status, 75));
  };
  assert.equal((await host.update()).status, 0);
  await both;
});
