import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { skipWithout } from '../../../helpers/required-peer.ts';
import { behindMounts, skipWithoutMounts } from '../../../peers/private-mounts.ts';
import { sha256 } from '../../../peers/update-documents.ts';
import { startUpdateServer } from '../../../peers/update-server.ts';
import { Host, inLong, isLong } from './host.ts';
import { agentThatPrints, launcherFile, makeRelease } from './packages.ts';

async function makeWorld(t: TestContext) {
  const server = await startUpdateServer(t);
  const host = new Host(t, { server });
  server.repository.addRoot({ servers: [server.url] });
  host.register(server);
  return { host, server };
}

const first = makeRelease('1');

/** What becomes of the files of the state, and whether the floor is known all the same. */
const damages: readonly (readonly [what: string, damage: (host: Host) => void])[] = [
  ['truncated', (host) => host.write('state/floors', host.read('state/floors').slice(0, 90))],
  ['empty', (host) => host.write('state/floors', '')],
  [
    'with a lower counter',
    (host) =>
      host.write('state/floors', host.read('state/floors').replace('counter 21', 'counter 11')),
  ],
  ['gone', (host) => execFileSync('rm', [join(host.base, 'state/floors')])],
  [
    'gone with its copy',
    (host) =>
      execFileSync('rm', [join(host.base, 'state/floors'), join(host.base, 'state/floors.last')]),
  ],
  [
    'garbled with its copy',
    (host) => {
      host.write('state/floors', 'x\n');
      host.write('state/floors.last', 'x\n');
    },
  ],
];

test('CL-9: a damaged state lowers no floor', async (t) => {
  const { host, server } = await makeWorld(t);
  server.repository.counter = 20;
  host.offer(first);
  assert.equal((await host.update()).status, 0);
  const floors = ['floors', 'floors.last'].map(
    (file) => [file, host.read(`state/${file}`)] as const,
  );
  for (const [what, damage] of isLong ? damages : damages.slice(2, 3)) {
    for (const [file, text] of floors) host.write(`state/${file}`, text);
    damage(host);
    server.repository.counter = 14;
    host.offer(makeRelease('2'));
    const { stderr } = await host.update();
    assert.match(stderr, /courier-update: E-ROLLBACK target 15 is older than 21/, what);
    assert.equal(host.floors()['counter'], '21', what);
    assert.equal(host.read('current'), `${first.hash}\n`);
  }
});

test('CL-9: a damaged root is not believed, and the copy of it or of the release is', {
  skip: inLong,
}, async (t) => {
  const { host, server } = await makeWorld(t);
  const root = server.repository.roots.get(1) ?? Buffer.alloc(0);
  host.offer(makeRelease('1', [{ path: 'root', content: root }]));
  assert.equal((await host.update()).status, 0);
  const damaged = root.toString('latin1').replace(/^\+../m, '+AA');
  host.write('state/root', damaged);
  assert.equal((await host.update()).status, 0);
  assert.equal(host.read('state/root'), root.toString('latin1'));
  host.write('state/root', damaged);
  host.write('state/root.last', '');
  assert.equal((await host.update()).status, 0);
  assert.equal(host.read('state/root'), root.toString('latin1'));
});

test('TR-8: what was laid into the inbox is verified in the same way, and needs no network', async (t) => {
  const host = new Host(t);
  host.trust();
  host.offer(first);
  host.lay({ stamp: host.makeStamp({ audience: 'host:web02' }) });
  assert.match((await host.update()).stderr, /E-AUDIENCE/);
  host.lay({ stamp: host.makeStamp({ issued: '20240101000000', expires: '20250101000000' }) });
  assert.match((await host.update()).stderr, /E-STALE/);
  host.lay({ stamp: host.makeStamp(), package: Buffer.from('something else') });
  assert.match((await host.update()).stderr, /E-SIZE/);
  const next = host.repository.addRoot();
  host.lay({ 'root.2': next, package: first.bytes, stamp: host.makeStamp() });
  assert.equal((await host.update()).status, 0);
  assert.equal(host.floors()['root-version'], '2');
  assert.equal(host.read('current'), `${first.hash}\n`);
});

test('CF-3: as a plug-in of the agent the updater asks when the time has come, and prints nothing', async (t) => {
  const { host, server } = await makeWorld(t);
  const launcher = readFileSync(launcherFile);
  const plugin = 'lib/plugins/3600/courier-update';
  host.offer(makeRelease('1', [{ path: plugin, mode: 0o755, content: launcher }]));
  assert.equal((await host.update()).status, 0);
  const directory = join(host.base, 'releases', host.read('current').trim(), 'lib/plugins/3600');
  const run = () => host.exec('sh', ['-c', `cd ${directory} && ./courier-update`]);
  const asked = server.requests.length;
  const wasThere = existsSync('/opt/cmk-courier');
  assert.deepEqual(await run(), { status: 0, stdout: '', stderr: '' });
  assert.equal(server.requests.length, asked);
  host.write('state/due', '20200101000000 20200101000000 0\n');
  assert.deepEqual(await run(), { status: 0, stdout: '', stderr: '' });
  assert.equal(server.requests.length, asked + 2);
  assert.equal(existsSync('/opt/cmk-courier'), wasThere);
});

test('IN-5: a journal that says what cannot be takes no release away', async (t) => {
  const { host } = await makeWorld(t);
  host.offer(first);
  assert.equal((await host.update()).status, 0);
  const rest = 'before -\nsha256 -\ncounter 1\npackage -\nend\n';
  for (const names of ['new \nold -\n', `new ${first.hash}\nold ../x\n`]) {
    host.write('state/journal', `step switched\nkind tgz\n${names}${rest}`);
    const { status, stderr } = await host.update();
    assert.deepEqual([status, stderr.slice(0, 23)], [0, 'courier-update: E-STATE']);
    assert.equal(host.read('current'), `${first.hash}\n`);
    assert.match((await host.agent()).stdout, /^Version: 1$/m);
  }
});

test('IN-4a: a disk that cannot be flushed, as with a dead mount, keeps no release out', async (t) => {
  const { host } = await makeWorld(t);
  host.path = host.substitute('sync', 'exit 1');
  for (const version of ['1', '2']) {
    host.offer(makeRelease(version));
    assert.equal((await host.update()).status, 0);
    assert.match((await host.agent()).stdout, new RegExp(`^Version: ${version}$`, 'm'));
  }
});

test('IN-4: a disk that is full leaves the release that runs as it is', {
  skip: skipWithoutMounts,
}, async (t) => {
  const { host } = await makeWorld(t);
  host.offer(first);
  assert.equal((await host.update()).status, 0);
  const big = { path: 'lib/data', content: Buffer.alloc(3_000_000, 'x') };
  host.offer(makeRelease('2', [big]));
  const script =
    'mount -t tmpfs -o size=2m none "$1/state" && cp -a "$1/state.kept/." "$1/state" && shift && exec "$@"';
  cpSync(join(host.base, 'state'), join(host.base, 'state.kept'), { recursive: true });
  const args = [
    '-m',
    'sh',
    '-c',
    script,
    'sh',
    host.base,
    'sh',
    host.updater,
    'update',
    `--base=${host.base}`,
  ];
  const { status, stderr } = await host.exec('unshare', args);
  assert.notEqual(status, 0);
  assert.match(stderr, /^courier-update: E-(SPACE|ARCHIVE|NETWORK) /m);
  assert.equal(host.read('current'), `${first.hash}\n`);
  assert.match((await host.agent()).stdout, /^Version: 1$/m);
});

test('IN-8: a release that prints until the disk is full is taken back and not tried again', {
  skip: skipWithoutMounts,
}, async (t) => {
  const { host } = await makeWorld(t);
  host.offer(first);
  assert.equal((await host.update()).status, 0);
  const content = '#!/bin/sh\necho "<<<check_mk>>>"\nexec yes\n';
  const endless = makeRelease('2', [{ path: 'bin/check_mk_agent', mode: 0o755, content }]);
  host.offer(endless, { selfTestSeconds: 20 });
  cpSync(host.base, `${host.base}.kept`, { recursive: true });
  const script =
    'mount -t tmpfs -o size=6m none "$1" && cp -a "$1.kept/." "$1" && base=$1 && shift && { "$@"; cat "$base/current" "$base/state/refused" "$base/section"; }';
  const args = ['-m', 'sh', '-c', script, 'sh', host.base];
  const update = ['sh', host.updater, 'update', `--base=${host.base}`];
  const { stdout, stderr } = await host.exec('unshare', [...args, ...update]);
  assert.match(stderr, /^courier-update: E-SELFTEST /m);
  assert.doesNotMatch(stderr, /E-RETURN/);
  assert.match(
    stdout,
    new RegExp(`^${first.hash}\n[0-9a-f]{64} 2\n<<<check_mk>>>\nUpdateFailed: `, 'm'),
  );
});

test('IN-11: the agent goes on while an update runs', { skip: inLong }, async (t) => {
  const { host, server } = await makeWorld(t);
  host.offer(first);
  assert.equal((await host.update()).status, 0);
  host.offer(makeRelease('2'));
  let polled: Promise<string> | undefined;
  server.onRequest = ({ kind }) => {
    if (kind === 'package') polled = host.agent().then(({ stdout }) => stdout);
  };
  assert.equal((await host.update()).status, 0);
  assert.match((await polled) ?? '', /^Version: \d$/m);
});

/** A package of Debian whose agent prints a version; its post-install script ends as told. */
function makeDeb(host: Host, version: string, postinst: string): Buffer {
  const tree = join(host.root, `deb-${version}`);
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
  mkdirSync(join(tree, 'opt/courier-test'), { recursive: true });
  const control = `Package: courier-test-agent\nVersion: ${version}\nArchitecture: all\nMaintainer: nobody <nobody@example.com>\nDescription: a test\n`;
  writeFileSync(join(tree, 'DEBIAN/control'), control);
  writeFileSync(join(tree, 'DEBIAN/postinst'), `#!/bin/sh\n${postinst}\n`, { mode: 0o755 });
  const agent = agentThatPrints('<<<check_mk>>>', `Version: ${version}`);
  writeFileSync(join(tree, 'opt/courier-test/agent'), agent, { mode: 0o755 });
  chmodSync(tree, 0o755);
  const file = join(host.root, `${version}.deb`);
  execFileSync('dpkg-deb', ['--root-owner-group', '--build', tree, file], { stdio: 'ignore' });
  return readFileSync(file);
}

const skipDpkg = skipWithoutMounts || skipWithout('dpkg');

/** A host that installs with dpkg, whose database, log and /opt are its own. */
async function makeDebian(t: TestContext) {
  const { host } = await makeWorld(t);
  for (const name of ['dpkg', 'opt', 'log']) mkdirSync(join(host.root, name));
  cpSync('/var/lib/dpkg', join(host.root, 'dpkg'), { recursive: true });
  const places = {
    '/var/lib/dpkg': join(host.root, 'dpkg'),
    '/opt': join(host.root, 'opt'),
    '/var/log': join(host.root, 'log'),
  };
  const agent = '/opt/courier-test/agent';
  const exec = (...args: readonly string[]) => host.exec('unshare', behindMounts(places, args));
  const settings = [`--base=${host.base}`, '--platform=linux-deb', `--agent=${agent}`];
  return {
    host,
    exec,
    run: (mode: string) => exec('sh', host.updater, mode, ...settings),
    version: async () => /^Version: (.*)$/m.exec((await exec(agent)).stdout)?.[1],
    offer: (bytes: Buffer) => {
      const digest = sha256(bytes);
      host.offer({ bytes, hash: digest.slice(0, 16), list: '' }, { platform: 'linux-deb' });
      return digest;
    },
  };
}

const skip = skipDpkg || inLong;

test('IN-10: a package of Debian is installed by dpkg, and one whose script fails is taken back', {
  skip,
}, async (t) => {
  const { host, exec, run, version, offer } = await makeDebian(t);
  const whole = offer(makeDeb(host, '1.0', 'exit 0'));
  const installed = await run('update');
  assert.deepEqual([installed.status, installed.stderr], [0, '']);
  assert.equal(await version(), '1.0');
  offer(makeDeb(host, '2.0', 'exit 3'));
  const broken = await run('update');
  assert.equal(broken.status, 8);
  assert.match(broken.stderr, /^courier-update: E-MANAGER the package manager ended with 1: /m);
  assert.equal(await version(), '1.0');
  assert.equal(host.floors()['installed-sha256'], whole);
  const format = '-f=$'.concat('{Version} $', '{db:Status-Status}');
  const state = await exec('dpkg-query', '-W', format, 'courier-test-agent');
  assert.equal(state.stdout, '1.0 installed');
  assert.equal(existsSync('/opt/courier-test'), false);
});

test('IN-10: the package before is kept, and rollback installs it', { skip }, async (t) => {
  const { host, run, version, offer } = await makeDebian(t);
  const first = offer(makeDeb(host, '1.0', 'exit 0'));
  assert.equal((await run('update')).status, 0);
  offer(makeDeb(host, '3.0', 'exit 0'));
  assert.equal((await run('update')).status, 0);
  assert.equal(await version(), '3.0');
  const { 'installed-counter': counter, 'previous-sha256': previous } = host.floors();
  assert.deepEqual([counter, previous], ['2', first]);
  const back = await run('rollback');
  assert.deepEqual([back.status, back.stderr], [0, '']);
  assert.equal(await version(), '1.0');
  assert.match((await run('update')).stdout, /nothing to do/);
});
