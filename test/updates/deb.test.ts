import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { toDebName, writeDeb } from '../../src/updates/packages/deb.ts';
import { courierLaunch } from '../../src/updates/packages/host-files.ts';
import { makeRelease, type ReleaseFile } from '../../src/updates/packages/release-files.ts';
import { writeReleasePackage } from '../../src/updates/packages/release-package.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { makeOverlaidRoot, skipWithoutOverlay } from '../peers/overlaid-root.ts';

/** A Debian package whose agent says a word. */
function makeDeb(word: string, change: readonly ReleaseFile[] = []) {
  const program = (path: string, text: string): ReleaseFile => {
    return { path, bytes: Buffer.from(text), mode: 0o755 };
  };
  const agent = `#!/bin/sh\necho '<<<check_mk>>>'\necho 'Version: ${word}'\n`;
  const release = makeRelease([
    program('bin/check_mk_agent', agent),
    program('bin/courier-launch', courierLaunch()),
    program('bin/courier-update', '#!/bin/sh\necho updater\n'),
    { path: 'etc/mk_oracle.cfg', bytes: Buffer.from('password\n'), mode: 0o600 },
    ...change,
  ]);
  const content = { agentHash: release.agentHash, version: word };
  return {
    hash: release.agentHash,
    name: toDebName(content),
    bytes: writeDeb({ ...content, releasePackage: writeReleasePackage(release) }),
  };
}

const skip = skipWithout('dpkg') || skipWithoutOverlay;

test('IN-10: a Debian package is the same bytes for the same release, and dpkg-deb takes it', {
  skip: skipWithout('dpkg-deb'),
}, async (t) => {
  const deb = makeDeb('2.4.0p1');
  assert.deepEqual(makeDeb('2.4.0p1').bytes, deb.bytes);
  assert.equal(deb.name, `cmk-courier-agent_2.4.0p1+${deb.hash}_all.deb`);
  const path = join(await makeTempDir(t), deb.name);
  writeFileSync(path, deb.bytes);
  const fields = execFileSync('dpkg-deb', ['-f', path, 'Package', 'Version', 'Architecture'], {
    encoding: 'utf8',
  });
  assert.equal(
    fields,
    `Package: cmk-courier-agent\nVersion: 2.4.0p1+${deb.hash}\nArchitecture: all\n`,
  );
});

test('IN-10: dpkg installs a package, then the next one, and the one before stays; remove and purge clean up', {
  skip,
}, async (t) => {
  const { put, run } = await makeOverlaidRoot(t);
  const [one, two] = [makeDeb('2.4.0p1'), makeDeb('2.4.0p2')];
  put('/tmp/one.deb', one.bytes);
  put('/tmp/two.deb', two.bytes);
  run('printf by-hand >/usr/bin/check_mk_agent');
  assert.match(
    run('dpkg --force-depends -i /tmp/one.deb').said,
    /check_mk_agent is kept as \/usr\/bin\/check_mk_agent\.before-courier\n$/,
  );
  assert.equal(run('check_mk_agent').said, '<<<check_mk>>>\nVersion: 2.4.0p1\n');
  assert.equal(
    run(
      'stat -c "%a %U" /opt/cmk-courier/releases/*/etc/mk_oracle.cfg /opt/cmk-courier/state /usr/lib/cmk-courier-agent/package.tgz',
    ).said,
    '600 root\n700 root\n600 root\n',
  );
  assert.equal(run('dpkg -i /tmp/two.deb').code, 0);
  assert.equal(run('check_mk_agent').said, '<<<check_mk>>>\nVersion: 2.4.0p2\n');
  assert.equal(
    run('cat /opt/cmk-courier/current /opt/cmk-courier/previous').said,
    `${two.hash}\n${one.hash}\n`,
  );
  assert.equal(
    run('rm /opt/cmk-courier/releases/*/bin/check_mk_agent; dpkg -i /tmp/two.deb').code,
    0,
  );
  assert.equal(run('check_mk_agent').said, '<<<check_mk>>>\nVersion: 2.4.0p2\n');
  assert.equal(run('dpkg -V cmk-courier-agent').said, '');
  assert.equal(
    run('echo registered >/opt/cmk-courier/state/registration; dpkg -r cmk-courier-agent').code,
    0,
  );
  assert.equal(run('ls /opt/cmk-courier; cat /usr/bin/check_mk_agent').said, 'state\nby-hand');
  assert.equal(run('test -e /usr/bin/courier-update').code, 1);
  assert.equal(run('dpkg -P cmk-courier-agent').code, 0);
  assert.equal(run('ls /opt/cmk-courier').code, 2);
});

test('IN-10: a package whose release is damaged leaves the old one in place, and dpkg says so', {
  skip,
}, async (t) => {
  const { put, run } = await makeOverlaidRoot(t);
  const [one, two] = [makeDeb('2.4.0p1'), makeDeb('2.4.0p2')];
  put('/tmp/one.deb', one.bytes);
  put('/tmp/two.deb', two.bytes);
  run('dpkg -i /tmp/one.deb');
  const spoil =
    'cd /tmp && dpkg-deb -R two.deb tree && rm -r tree/usr/lib/cmk-courier-agent/package.tgz && cp /usr/lib/cmk-courier-agent/package.tgz tree/usr/lib/cmk-courier-agent/ && dpkg-deb -b tree bad.deb';
  assert.equal(run(spoil).code, 0);
  const { code, said } = run('dpkg -i /tmp/bad.deb');
  assert.equal(code, 1);
  assert.match(said, /^cmk-courier-agent: the release in this package is damaged$/m);
  assert.equal(run('check_mk_agent').said, '<<<check_mk>>>\nVersion: 2.4.0p1\n');
  assert.equal(
    run('cat /opt/cmk-courier/current; ls -A /opt/cmk-courier/releases').said.split('\n')[0],
    one.hash,
  );
  assert.equal(run('dpkg -i /tmp/two.deb').code, 0);
  assert.equal(run('check_mk_agent').said, '<<<check_mk>>>\nVersion: 2.4.0p2\n');
});
