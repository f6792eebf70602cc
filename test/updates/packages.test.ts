import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { CourierError } from '../../src/faults/errors.ts';
import { readTar } from '../../src/setup/packages/tar-reader.ts';
import { makeRelease, type ReleaseFile } from '../../src/updates/packages/release-files.ts';
import { writeReleasePackage } from '../../src/updates/packages/release-package.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const file = (path: string, text = path, mode: ReleaseFile['mode'] = 0o644): ReleaseFile => {
  return { path, bytes: Buffer.from(text), mode };
};

const files = [
  file('lib/plugins/300/mk_apt', 'x', 0o755),
  file('bin/check_mk_agent', '#!/bin/sh\n', 0o755),
  file('etc/mk_oracle.cfg', 'password\n', 0o600),
  file('lib/plugins-2'),
];

const digest = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');

test('IN-3: a release lists mode, digest and path of each file, sorted by bytes, and goes by the digest of that list', () => {
  const release = makeRelease(files);
  const list = [
    `0755 ${digest('#!/bin/sh\n')} bin/check_mk_agent\n`,
    `0600 ${digest('password\n')} etc/mk_oracle.cfg\n`,
    `0644 ${digest('lib/plugins-2')} lib/plugins-2\n`,
    `0755 ${digest('x')} lib/plugins/300/mk_apt\n`,
  ].join('');
  assert.equal(release.list, list);
  assert.equal(release.agentHash, digest(list).slice(0, 16));
  assert.deepEqual(makeRelease(files.toReversed()), release);
});

test('IN-3: the package is a ustar archive of one directory, sorted, of root, without times, and tar takes it', async (t) => {
  const bytes = writeReleasePackage(makeRelease(files));
  const names = readTar(gunzipSync(bytes)).map(({ name }) => name);
  assert.deepEqual(names, [
    'release/',
    'release/FILES',
    'release/bin/',
    'release/bin/check_mk_agent',
    'release/etc/',
    'release/etc/mk_oracle.cfg',
    'release/lib/',
    'release/lib/plugins-2',
    'release/lib/plugins/',
    'release/lib/plugins/300/',
    'release/lib/plugins/300/mk_apt',
  ]);
  const directory = await makeTempDir(t);
  writeFileSync(join(directory, 'package.tgz'), bytes);
  const listed = execFileSync('tar', ['tvzf', 'package.tgz', '--numeric-owner', '--utc'], {
    cwd: directory,
    encoding: 'utf8',
  });
  assert.deepEqual(
    [...new Set(listed.match(/ 0\/0 +\d+ \S+ \S+/g)?.map((row) => row.replace(/ +\d+ /, ' ')))],
    [' 0/0 1980-01-01 00:00'],
  );
  execFileSync('tar', ['xpzf', 'package.tgz'], { cwd: directory });
  const unpacked = join(directory, 'release');
  assert.equal(statSync(join(unpacked, 'etc/mk_oracle.cfg')).mode & 0o7777, 0o600);
  assert.equal(readFileSync(join(unpacked, 'FILES'), 'utf8'), makeRelease(files).list);
});

const refused: readonly (readonly [what: string, files: readonly ReleaseFile[]])[] = [
  ['a path that goes up', [file('lib/../x')]],
  ['an absolute path', [file('/etc/x')]],
  ['an option of tar', [file('lib/-x')]],
  ['a blank', [file('lib/a b')]],
  ['a line end', [file('lib/a\nb')]],
  ['an umlaut', [file('lib/ä')]],
  ['a path of 91 bytes', [file(`lib/${'x'.repeat(87)}`)]],
  ['a file twice', [file('lib/x'), file('lib/x', 'other')]],
  ['a file that is a directory as well', [file('lib/x'), file('lib/x/y')]],
  ['no name', [file('lib/')]],
  ['2001 files', Array.from({ length: 2001 }, (_, index) => file(`lib/${index}`))],
];

for (const [what, wrong] of refused) {
  test(`IN-3: ${what} gets into no release`, () => {
    assert.throws(() => makeRelease(wrong), CourierError);
  });
}

test('IN-3: the names of the files have room in the oldest form of tar', () => {
  const longest = `lib/${'x'.repeat(86)}`;
  const [, , , member] = readTar(gunzipSync(writeReleasePackage(makeRelease([file(longest)]))));
  assert.equal(member?.name, `release/${longest}`);
});
