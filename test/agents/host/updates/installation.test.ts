import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { sha256 } from '../../../peers/update-documents.ts';
import { Host, inLong, isLong } from './host.ts';
import {
  agentThatPrints,
  type Member,
  makeRelease,
  makeTar,
  type Package,
  type PackedFile,
} from './packages.ts';

/** A host that runs release 1 with counter 41; installed once a process. */
function hostWithRelease(t: ConstructorParameters<typeof Host>[0]) {
  const host = new Host(t);
  host.become(pattern.host);
  return { host, first: pattern.first };
}

const pattern = await hostWith({ after: (cleanUp) => after(cleanUp) }, []);

async function hostWith(t: ConstructorParameters<typeof Host>[0], more: readonly PackedFile[]) {
  const host = makeHost(t);
  const first = makeRelease('1', more);
  host.offer(first);
  const { status, stderr } = await host.install();
  assert.deepEqual([status, stderr], [0, '']);
  return { host, first };
}

function makeHost(t: ConstructorParameters<typeof Host>[0]): Host {
  const host = new Host(t);
  host.trust();
  return host;
}

test('IN-1: a release is a directory of its own, a pointer names it, and the launcher starts it', async (t) => {
  const { host, first } = hostWithRelease(t);
  const second = makeRelease('2');
  host.offer(second);
  assert.equal((await host.update()).status, 0);
  assert.equal(host.read('current'), `${second.hash}\n`);
  assert.equal(host.read('previous'), `${first.hash}\n`);
  assert.deepEqual(
    readdirSync(join(host.base, 'releases')),
    [first.hash, second.hash].flatMap((hash) => [hash, `${hash}.target`]).toSorted(),
  );
  assert.equal((await host.agent()).stdout, '<<<check_mk>>>\nVersion: 2\n<<<df>>>\nx\n');
  const link = join(host.root, 'programs/check_mk_agent');
  assert.equal(readlinkSync(link), join(host.base, 'courier-launch'));
  assert.equal((await host.exec(link, [])).stdout, (await host.agent()).stdout);
});

test('IN-2: a base that others can write to is not used', async (t) => {
  const { host } = hostWithRelease(t);
  chmodSync(host.root, 0o777);
  const { status, stderr } = await host.update();
  const why = `others may write to ${host.root}`;
  assert.deepEqual([status, stderr], [4, `courier-update: E-PRIVATE ${why}\n`]);
  chmodSync(host.root, 0o700);
  chmodSync(host.inbox, 0o777);
  assert.match((await host.update()).stderr, /E-PRIVATE others may write to .*\/inbox/);
});

const hostile: Readonly<Record<string, readonly Member[]>> = {
  'a path that goes up': [{ path: 'release/../escaped', content: 'x' }],
  'an absolute path': [{ path: '/tmp/escaped', content: 'x' }],
  'a symbolic link': [{ path: 'release/link', type: '2', link: '/etc' }],
  'a hard link': [{ path: 'release/link', type: '1', link: 'release/FILES' }],
  'a device': [{ path: 'release/null', type: '3' }],
  'a set-id bit': [{ path: 'release/bin/check_mk_agent', mode: 0o4755, content: 'x' }],
  'a file that is not listed': [{ path: 'release/more', content: 'x' }],
  'a file beside the release': [{ path: 'else/more', content: 'x' }],
  'a name with a blank': [{ path: 'release/a b', content: 'x' }],
  'no files': [],
};

for (const [what, members] of Object.entries(hostile)) {
  const skip = !isLong && !/symbolic|not listed/.test(what) && 'in the long run only';
  test(`IN-3: a package with ${what} is refused and leaves nothing`, { skip }, async (t) => {
    const { host, first } = hostWithRelease(t);
    const agent = agentThatPrints('<<<check_mk>>>');
    const list = `0755 ${sha256(agent)} bin/check_mk_agent\n`;
    const listed: Member[] = [
      { path: 'release/FILES', content: list },
      { path: 'release/bin/check_mk_agent', mode: 0o755, content: agent },
    ];
    const replaced = members.some(({ path }) => path === 'release/bin/check_mk_agent');
    const all =
      members.length === 0 ? [] : [...(replaced ? listed.slice(0, 1) : listed), ...members];
    const bytes = gzipSync(makeTar(all));
    host.offer({ bytes, list, hash: sha256(list).slice(0, 16) });
    const { status, stderr } = await host.update();
    assert.equal(status, 12, stderr);
    assert.match(stderr, /^courier-update: E-ARCHIVE a package /);
    assert.equal(host.read('current'), `${first.hash}\n`);
    assert.deepEqual(readdirSync(join(host.base, 'releases')), [
      first.hash,
      `${first.hash}.target`,
    ]);
    assert.equal(existsSync('/tmp/escaped') || existsSync(join(host.base, 'state/escaped')), false);
  });
}

test('IN-3: a file that is not as the list says is refused', { skip: inLong }, async (t) => {
  const { host } = hostWithRelease(t);
  const whole = makeRelease('2');
  const list = whole.list.replace(/ [0-9a-f]{8}/, ' 00000000');
  const changed = repack(whole, list);
  host.offer(changed);
  assert.match(
    (await host.update()).stderr,
    /E-ARCHIVE a package with a file that is not as its list says/,
  );
});

/** The files of release 2 with another list. */
function repack(whole: Package, list: string): Package {
  const agent = agentThatPrints('<<<check_mk>>>', 'Version: 2', '<<<df>>>', 'x');
  assert.notEqual(whole.list, list);
  const members: Member[] = [
    { path: 'release/FILES', content: list },
    { path: 'release/bin/check_mk_agent', mode: 0o755, content: agent },
  ];
  return { bytes: gzipSync(makeTar(members)), list, hash: sha256(list).slice(0, 16) };
}

test('IN-4a: the launcher takes the release before when the current one is damaged', async (t) => {
  const { host, first } = hostWithRelease(t);
  const second = makeRelease('2');
  host.offer(second);
  assert.equal((await host.update()).status, 0);
  const expectVersion = async (version: string) =>
    assert.match((await host.agent()).stdout, new RegExp(`^Version: ${version}$`, 'm'));
  const current = join(host.base, 'current');
  for (const pointer of [
    '',
    second.hash,
    `${second.hash.slice(0, 7)}\n`,
    `${second.hash}x\n`,
    '../x\n',
  ]) {
    writeFileSync(current, pointer);
    await expectVersion('1');
  }
  writeFileSync(current, `${second.hash}\n`);
  await expectVersion('2');
  for (const file of ['bin/courier-update', 'lib/plugins/courier-update-status', 'FILES']) {
    const path = join(host.base, 'releases', second.hash, file);
    const bytes = readFileSync(path);
    truncateSync(path, file === 'FILES' ? bytes.length - 9 : 0);
    await expectVersion('1');
    writeFileSync(path, bytes);
  }
  assert.equal(host.read('previous'), `${first.hash}\n`);
});

const failing: Readonly<Record<string, readonly [agent: string, why: RegExp]>> = {
  crashes: ['#!/bin/sh\nkill -9 $$\n', /the agent of release \S+ ended with 137/],
  'prints nothing': ['#!/bin/sh\n', /the agent of release \S+ printed nothing/],
  'does not begin with a section': ['#!/bin/sh\necho no\n', /does not begin with a section/],
  'loses a section': [agentThatPrints('<<<check_mk>>>', 'x'), /has no section df any more/],
  hangs: ['#!/bin/sh\nsleep 60\n', /the agent of release \S+ took longer than \ds/],
  'prints without end': ['#!/bin/sh\nexec yes "<<<df>>>"\n', /ended with 153|took longer/],
  'works once only': [
    '#!/bin/sh\n[ ! -e "$MK_VARDIR/once" ] || exit 1\n: >"$MK_VARDIR/once"\necho "<<<check_mk>>>"\necho "<<<df>>>"\n',
    /printed nothing/,
  ],
};

for (const [how, [agent, why]] of Object.entries(failing)) {
  const skip = !isLong && !/loses a section/.test(how) && 'in the long run only';
  test(`IN-6: a release whose agent ${how} is taken back and not tried again`, {
    skip,
  }, async (t) => {
    const { host, first } = hostWithRelease(t);
    const broken = makeRelease('2', [{ path: 'bin/check_mk_agent', mode: 0o755, content: agent }]);
    host.offer(broken, { selfTestSeconds: how === 'hangs' ? 2 : 20 });
    const { status, stderr } = await host.update();
    assert.equal(status, 8, stderr);
    assert.match(stderr, /^courier-update: E-SELFTEST /);
    assert.match(stderr, why);
    assert.equal(host.read('current'), `${first.hash}\n`);
    assert.equal(host.read('previous'), '');
    assert.match((await host.agent()).stdout, /^Version: 1$/m);
    assert.equal(existsSync(join(host.base, 'state/journal')), false);
    assert.match(
      (await host.update()).stderr,
      /E-REFUSED package [0-9a-f]{64} failed on this host/,
    );
    assert.equal(host.floors()['installed-counter'], '1');
  });
}

test('IN-6: a release whose updater cannot bring the next one is taken back', async (t) => {
  const { host, first } = hostWithRelease(t);
  const content = '#!/bin/sh\necho "state ok"\necho "root failed: cannot be read"\n';
  host.offer(makeRelease('2', [{ path: 'bin/courier-update', mode: 0o755, content }]));
  assert.match(
    (await host.update()).stderr,
    /E-SELFTEST the updater of release \S+ fails at: root/,
  );
  assert.equal(host.read('current'), `${first.hash}\n`);
});

test('IN-7: what failed before the switch does not count against the new release', async (t) => {
  const host = makeHost(t);
  const agent = '#!/bin/sh\necho "<<<check_mk>>>"\n[ -e "$MK_VARDIR/broken" ] || echo "<<<df>>>"\n';
  host.offer(makeRelease('1', [{ path: 'bin/check_mk_agent', mode: 0o755, content: agent }]));
  assert.equal((await host.install()).status, 0);
  writeFileSync(join(host.root, 'lib/broken'), '');
  const second = makeRelease('2', [
    { path: 'bin/check_mk_agent', mode: 0o755, content: agentThatPrints('<<<check_mk>>>') },
  ]);
  host.offer(second);
  assert.equal((await host.update()).status, 0);
  assert.equal(host.read('current'), `${second.hash}\n`);
});

test('IN-7: a plug-in that a release drops may take its sections with it', {
  skip: inLong,
}, async (t) => {
  const agent = [
    '#!/bin/sh',
    'echo "<<<check_mk>>>"',
    'for plugin in "$MK_LIBDIR"/plugins/*; do "$plugin"; done',
  ].join('\n');
  const files = [{ path: 'bin/check_mk_agent', mode: 0o755, content: `${agent}\n` }];
  const plugin = {
    path: 'lib/plugins/apt',
    mode: 0o755,
    content: agentThatPrints('<<<apt>>>', 'x'),
  };
  const { host } = await hostWith(t, [...files, plugin]);
  host.offer(makeRelease('2', files));
  const { status, stderr } = await host.update();
  assert.deepEqual([status, stderr], [0, '']);
});

test('IN-8: a release that was taken back is told until a newer one is committed', async (t) => {
  const { host, first } = hostWithRelease(t);
  const broken = makeRelease('2', [
    { path: 'bin/check_mk_agent', mode: 0o755, content: '#!/bin/sh\n' },
  ]);
  host.offer(broken);
  await host.update();
  const failed = `E-SELFTEST the agent of release ${broken.hash} printed nothing`;
  assert.equal(
    host.read('section').split('\n').slice(0, 4).join('\n'),
    [
      '<<<check_mk>>>',
      `UpdateFailed: ${failed}`,
      `UpdateRecoverAction: the release before runs again: ${first.hash}`,
      '<<<cmk_update_agent_status:sep(0)>>>',
    ].join('\n'),
  );
  await host.update();
  assert.match(host.read('section'), new RegExp(`"error":"${failed}"`));
  host.offer(makeRelease('3'));
  assert.equal((await host.update()).status, 0);
  assert.doesNotMatch(host.read('section'), /UpdateFailed|E-SELFTEST/);
});

test('IN-9: rollback goes to the release kept here, and only if it is what it was', {
  skip: inLong,
}, async (t) => {
  const { host, first } = hostWithRelease(t);
  host.offer(makeRelease('2'));
  assert.equal((await host.update()).status, 0);
  const agent = join(host.base, 'releases', first.hash, 'bin/check_mk_agent');
  const whole = readFileSync(agent);
  writeFileSync(agent, '#!/bin/sh\necho evil\n');
  const damaged = await host.run(['rollback']);
  assert.deepEqual(
    [damaged.status, damaged.stderr],
    [8, 'courier-update: E-RETURN there is no release before this one that is whole\n'],
  );
  writeFileSync(agent, whole);
  assert.equal((await host.run(['rollback'])).status, 0);
  assert.match((await host.agent()).stdout, /^Version: 1$/m);
  assert.match((await host.update()).stdout, /nothing to do/);
});

test('IN-12: an update needs neither /tmp, nor mktemp, nor python', { skip: inLong }, async (t) => {
  const host = makeHost(t);
  const tools = join(host.root, 'tools');
  mkdirSync(tools);
  const names =
    'awk cat chmod cksum cp cut date df find grep gzip head id ln ls mkdir mv openssl ps rm sed setsid sh sha256sum sleep sort sync tail tar tr uname wc xargs logger';
  for (const name of names.split(' ')) {
    const file = ['/usr/bin', '/bin'].map((place) => join(place, name)).find(existsSync);
    if (file !== undefined) symlinkSync(file, join(tools, name));
  }
  host.offer(makeRelease('1'));
  host.copyUpdater((text) =>
    text.replace(/^ {4}for directory in \/usr\/xpg4.*\n.*\n {4}done\n/m, ''),
  );
  const { status, stderr } = await host.exec(
    '/bin/sh',
    [
      host.updater,
      'install',
      `--base=${host.base}`,
      '--host=web01',
      `--inbox=${host.inbox}`,
      `--programs=${host.root}/programs`,
    ],
    { PATH: tools, TMPDIR: '/nowhere' },
  );
  assert.deepEqual([status, stderr], [0, '']);
});
