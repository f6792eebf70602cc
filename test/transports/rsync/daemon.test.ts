import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { storePassword } from '../../helpers/password-store.ts';
import { skipWithout } from '../../helpers/required-peer.ts';
import { toReadModule } from '../../peers/rsyncd.ts';
import { startDepot } from './depot.ts';

const skip = skipWithout('rsync');
const skipUnlessRoot = skip || (process.getuid?.() === 0 ? false : 'needs to be root');

test('the mtime is the time it was produced', { skip }, async (t) => {
  const { port, drop, fetch } = await startDepot(t);
  const producedAt = new Date('2026-01-02T03:04:05.678Z');
  await utimes(await drop('old', '<<<a>>>\n'), producedAt, producedAt);
  const delivery = await fetch('drops/old');
  assert.deepEqual(delivery.producedAt, producedAt);
  assert.equal(delivery.output.toString(), '<<<a>>>\n');
  assert.equal(delivery.origin, `rsync://127.0.0.1:${port}/drops/old`);
});

test('a name that looks like something else is fetched literally', { skip }, async (t) => {
  const { drop, fetch } = await startDepot(t);
  await mkdir(join(dirname(await drop('a', 'the wrong one')), '-d'));
  await drop('b', 'the wrong one');
  const names = ['a b', '$(id)', '`id`', "it's", '"', 'ü', '{a,b}', '~', ';id', 'a:b', '%41'];
  const options = ['--rsh=x', '-e', '-d/--help', '--help', '-x', '--', '-', '--daemon', '-z a'];
  for (const name of [...names, ...options, '#', '&', 'drops b drops']) {
    await drop(name, `<<<${name}>>>\n`);
    assert.equal((await fetch(`drops/${name}`)).output.toString(), `<<<${name}>>>\n`);
  }
});

test('an empty file is delivered', { skip }, async (t) => {
  const { drop, fetch } = await startDepot(t);
  await drop('empty', '');
  assert.equal((await fetch('drops/empty')).output.length, 0);
});

test('what is no regular file is MALFORMED', { skip }, async (t) => {
  const { drop, messageFor } = await startDepot(t);
  const drops = dirname(await drop('file', 'x'));
  await mkdir(join(drops, 'directory'));
  await symlink('/etc/passwd', join(drops, 'link'));
  await symlink('/no/such', join(drops, 'dangling'));
  execFileSync('mkfifo', [join(drops, 'fifo')]);
  assert.equal(
    await messageFor('drops/directory', 'MALFORMED'),
    'it is a directory, not a regular file: "skipping directory directory"',
  );
  for (const name of ['link', 'dangling', 'fifo']) {
    assert.equal(
      await messageFor(`drops/${name}`, 'MALFORMED'),
      `it is a link or device, not a regular file: "skipping non-regular file '${name}'"`,
    );
  }
});

test('what is not there is NO_OUTPUT, in a directory that is not there too', {
  skip,
}, async (t) => {
  const { messageFor } = await startDepot(t);
  assert.match(await messageFor('drops/none', 'NO_OUTPUT'), /^there is no such file: /);
  assert.match(await messageFor('drops/none/none', 'NO_OUTPUT'), /^there is no such file: /);
});

test('a file the daemon may not read is REFUSED', { skip: skipUnlessRoot }, async (t) => {
  const { drop, messageFor } = await startDepot(t, (drops) =>
    toReadModule('nobody', drops, 'uid = nobody\ngid = nogroup'),
  );
  await chmod(await drop('private', 'x'), 0o600);
  assert.match(
    await messageFor('nobody/private', 'REFUSED'),
    /^the peer may not read the file: "rsync: .*Permission denied \(13\)"$/,
  );
});

/** Modules that turn us away, each in its own way. */
function toClosedModules(drops: string, directory: string): string {
  const secrets = `secrets file = ${join(directory, 'secrets')}`;
  return [
    toReadModule('closed', drops, `auth users = mon\n${secrets}`),
    toReadModule('denied', drops, 'list = yes\nhosts deny = *'),
    toReadModule('busy', drops, 'max connections = -1'),
    toReadModule('gone', join(drops, 'no-such-directory')),
    toReadModule('strict', drops, 'refuse options = times'),
  ].join('');
}

test('every refusal of the daemon has its own sentence', { skip }, async (t) => {
  const { messageFor } = await startDepot(t, toClosedModules);
  const refusals = [
    ['none', 'PEER', /^the rsync daemon has no such module: "@ERROR: Unknown module 'none'"$/],
    [
      'closed',
      'REFUSED',
      /^the user or password is not accepted: "@ERROR: auth failed on module closed"$/,
    ],
    [
      'denied',
      'REFUSED',
      /^the rsync daemon does not let this machine in: "@ERROR: access denied to denied from /,
    ],
    ['busy', 'PEER', /^the rsync daemon /],
    ['gone', 'PEER', /^the rsync daemon turns the request away: "@ERROR: chdir failed"$/],
    ['strict', 'PEER', /^the rsync daemon refuses an option: ".* refuse --times \(-t\)"$/],
  ] as const;
  for (const [module, code, message] of refusals) {
    assert.match(await messageFor(`${module}/file`, code), message);
  }
});

test('a daemon may refuse every option but three', { skip }, async (t) => {
  const { drop, fetch } = await startDepot(t, (drops) =>
    toReadModule('careful', drops, 'refuse options = * !t !max-size !timeout'),
  );
  await drop('file', 'x');
  assert.equal((await fetch('careful/file')).output.toString(), 'x');
});

test('a password file everybody may read does, too', { skip }, async (t) => {
  const { directory, drop, fetch } = await startDepot(t, toClosedModules);
  await drop('file', 'x');
  await writeFile(join(directory, 'secrets'), 'mon:secret\n', { mode: 0o600 });
  const passwordFile = join(directory, 'password');
  await writeFile(passwordFile, 'secret\n', { mode: 0o644 });
  const options = { passwordFile: [passwordFile] };
  const { output } = await fetch('closed/file', { user: 'mon', options });
  assert.equal(output.toString(), 'x');
});

test("the password may be in Checkmk's password store", { skip }, async (t) => {
  const { directory, drop, fetch } = await startDepot(t, toClosedModules);
  await drop('file', 'x');
  await writeFile(join(directory, 'secrets'), 'mon:secret\n', { mode: 0o600 });
  const { reference, env } = await storePassword(directory, 'secret');
  const options = { passwordId: [reference] };
  const context = { env: { ...env, PATH: process.env['PATH'] } };
  const { output } = await fetch('closed/file', { user: 'mon', options, context });
  assert.equal(output.toString(), 'x');
});

test('without rsync the message names the package', async (t) => {
  if (skip) return t.skip(skip);
  const { directory, messageFor } = await startDepot(t);
  assert.equal(
    await messageFor('drops/file', 'LOCAL', { context: { env: { PATH: directory } } }),
    'rsync is not installed (Debian package rsync)',
  );
});
