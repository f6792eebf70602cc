import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { format, inspect } from 'node:util';
import { parseOptions, type RawOptions } from '../../src/cli/options.ts';
import { CourierError, stderrLine } from '../../src/faults/errors.ts';
import { isSecretGiven, readSecret, secretOptions } from '../../src/secrets/secret-options.ts';
import { readSecretFile, Secret, type SecretContext } from '../../src/secrets/secrets.ts';
import { catchThrown } from '../helpers/catch-thrown.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { catchFault } from '../helpers/expect-fault.ts';
import { storePassword } from '../helpers/password-store.ts';
import { makeTempDir, withTempDir } from '../helpers/temp-dir.ts';

const option = '--password-file';

/** What a secret file of these bytes reveals. */
async function readBytes(bytes: string | Buffer): Promise<string> {
  return withTempDir(async (directory) => {
    const path = join(directory, 'secret');
    await writeFile(path, bytes, { mode: 0o600 });
    return (await readSecretFile(path, option, makeCollectingLog())).reveal();
  });
}

async function faultOf(path: string): Promise<string> {
  const { code, message } = await catchFault(readSecretFile(path, option, makeCollectingLog()));
  return `${code} ${message}`;
}

test('a secret is revealed only when asked by name', () => {
  const secret = new Secret('Sx4-hidden');
  assert.equal(secret.reveal(), 'Sx4-hidden');
  assert.deepEqual(Object.keys(secret), []);
  assert.equal(String(secret), '[secret]');
  assert.equal(`${secret}`, '[secret]');
  assert.equal(JSON.stringify({ secret }), '{"secret":"[secret]"}');
});

test('no way of printing shows a secret', () => {
  const secret = new Secret('Sx4-printed');
  const nested = { secret, list: [secret], map: new Map([[secret, secret]]) };
  const texts = [
    inspect(nested, { depth: 9, showHidden: true, getters: true, customInspect: true }),
    inspect(secret, { customInspect: false, showHidden: true }),
    format('%s %o %O %j %d', secret, secret, secret, secret, secret),
    inspect(new Error('x', { cause: nested })),
    JSON.stringify(nested),
  ];
  for (const text of texts) assert.doesNotMatch(text, /Sx4/);
});

test('a secret is struck out of the line on stderr once it was read', async () => {
  await readBytes('Sx4-read-from-file\n');
  const line = stderrLine(new CourierError('PEER', 'peer said Sx4-read-from-file'), ['http']);
  assert.equal(line, 'cmk-courier: http: peer said [secret] (PEER)');
});

test('a secret is all of the file but the line end at its end', async () => {
  assert.equal(await readBytes('Sx4 plain'), 'Sx4 plain');
  assert.equal(await readBytes('Sx4 unix\n'), 'Sx4 unix');
  assert.equal(await readBytes('Sx4 windows\r\n'), 'Sx4 windows');
  assert.equal(await readBytes(' Sx4 \t\n\n'), ' Sx4 \t\n');
  assert.equal(await readBytes('Sx4 a\nb\r\n'), 'Sx4 a\nb');
  assert.equal(await readBytes('Sx4 pässwörd\n'), 'Sx4 pässwörd');
});

test('an empty file holds no secret', async (context) => {
  const path = join(await makeTempDir(context), 'secret');
  for (const text of ['', '\n', '\r\n']) {
    await writeFile(path, text, { mode: 0o600 });
    assert.equal(await faultOf(path), `CONFIG reading --password-file ${path}: the file is empty`);
  }
});

test('a file of 64 KiB may be a secret, a larger one is none', async (context) => {
  assert.equal((await readBytes('x'.repeat(65_536))).length, 65_536);
  const path = join(await makeTempDir(context), 'secret');
  await writeFile(path, 'x'.repeat(65_537), { mode: 0o600 });
  assert.equal(
    await faultOf(path),
    `CONFIG reading --password-file ${path}: larger than 65536 bytes`,
  );
});

test('a FIFO in the place of the file does not hold us', { timeout: 60_000 }, async (context) => {
  const path = join(await makeTempDir(context), 'fifo');
  execFileSync('mkfifo', ['-m', '600', path]);
  assert.equal(await faultOf(path), `CONFIG reading --password-file ${path}: not a regular file`);
});

test('a directory is no secret file', async (context) => {
  const path = join(await makeTempDir(context), 'directory');
  await mkdir(path);
  assert.equal(await faultOf(path), `CONFIG reading --password-file ${path}: not a regular file`);
});

test('a device is no secret file', async () => {
  assert.equal(
    await faultOf('/dev/null'),
    'CONFIG reading --password-file /dev/null: not a regular file',
  );
});

test('a socket in the place of the file is a fault of this machine, not a bug', async (context) => {
  const path = join(await makeTempDir(context), 'socket');
  const server = createServer();
  context.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const { code } = await catchFault(readSecretFile(path, option, makeCollectingLog()));
  assert.notEqual(code, 'INTERNAL');
});

test('a missing file is named', async (context) => {
  const path = join(await makeTempDir(context), 'missing');
  assert.equal(
    await faultOf(path),
    `LOCAL reading --password-file ${path}: no such file or directory`,
  );
  assert.equal(
    await faultOf(join('/dev/null', 'x')),
    'LOCAL reading --password-file /dev/null/x: not a directory',
  );
});

const asRoot = process.getuid?.() === 0 ? 'root may read every file' : false;

test('a file that may not be read is named', { skip: asRoot }, async (context) => {
  const path = join(await makeTempDir(context), 'secret');
  await writeFile(path, 'Sx4-not-readable', { mode: 0o000 });
  assert.equal(await faultOf(path), `LOCAL reading --password-file ${path}: permission denied`);
});

test('a link to a secret file is followed', async (context) => {
  const directory = await makeTempDir(context);
  await writeFile(join(directory, 'secret'), 'Sx4-linked', { mode: 0o600 });
  await symlink('secret', join(directory, 'link'));
  const secret = await readSecretFile(join(directory, 'link'), option, makeCollectingLog());
  assert.equal(secret.reveal(), 'Sx4-linked');
});

test('a file everybody may read is used with a warning that does not show it', async (context) => {
  const path = join(await makeTempDir(context), 'secret');
  const log = makeCollectingLog();
  await writeFile(path, 'Sx4-readable');
  await chmod(path, 0o604);
  assert.equal((await readSecretFile(path, option, log)).reveal(), 'Sx4-readable');
  assert.deepEqual(log.lines, [
    `warn everybody on this machine may read this secret; chmod 600 it { file: '${path}' }`,
  ]);
});

test('a file for its owner and group brings no warning', async (context) => {
  const path = join(await makeTempDir(context), 'secret');
  const log = makeCollectingLog();
  await writeFile(path, 'Sx4-quiet');
  await chmod(path, 0o640);
  await readSecretFile(path, option, log);
  assert.deepEqual(log.lines, []);
});

const table = {
  ...secretOptions('keyPassword', 'the passphrase of `--key`'),
  verbose: { kind: 'switch', describe: 'say more' },
} as const;

/** What the options of a secret bring, read as a transport reads them. */
async function readOptions(raw: RawOptions, env: SecretContext['env'] = {}) {
  const values = parseOptions(table, raw);
  const secret = await readSecret(values, 'keyPassword', { log: makeCollectingLog(), env });
  return secret?.reveal();
}

test('a secret has two options', () => {
  assert.deepEqual(Object.keys(table), ['keyPasswordFile', 'keyPasswordId', 'verbose']);
  assert.deepEqual(
    [table.keyPasswordFile, table.keyPasswordId].map(
      ({ placeholder, describe }) => `${placeholder}: ${describe}`,
    ),
    [
      'FILE: file with the passphrase of `--key`',
      "ID:FILE: the passphrase of `--key`, by its ID in Checkmk's password store FILE",
    ],
  );
});

test('a secret is read from its file', async (context) => {
  const path = join(await makeTempDir(context), 'secret');
  await writeFile(path, 'Sx4-by-file\n', { mode: 0o600 });
  assert.equal(await readOptions({ keyPasswordFile: [path] }), 'Sx4-by-file');
});

test("a secret is read from Checkmk's password store", async (context) => {
  const { reference, env } = await storePassword(await makeTempDir(context), 'Sx4:stored');
  assert.equal(await readOptions({ keyPasswordId: [reference] }, env), 'Sx4:stored');
});

test('the option that names a secret is named when it cannot be read', async (context) => {
  const path = join(await makeTempDir(context), 'missing');
  const [file, stored] = await Promise.all([
    catchFault(readOptions({ keyPasswordFile: [path] })),
    catchFault(readOptions({ keyPasswordId: [`a:${path}`] })),
  ]);
  const why = 'no such file or directory';
  assert.equal(file.message, `reading --key-password-file ${path}: ${why}`);
  assert.equal(stored.message, `reading --key-password-id a:${path}: ${why}`);
});

test('a secret that is not given is none', async () => {
  assert.equal(await readOptions({}), undefined);
  assert.equal(isSecretGiven(parseOptions(table, {}), 'keyPassword'), false);
});

test('a secret is given by either option, not by both', async () => {
  const [file, id] = [['/x'], ['a:/x']];
  const isGiven = (raw: RawOptions) => isSecretGiven(parseOptions(table, raw), 'keyPassword');
  assert.equal(isGiven({ keyPasswordFile: file }), true);
  assert.equal(isGiven({ keyPasswordId: id }), true);
  const both = { keyPasswordFile: file, keyPasswordId: id };
  for (const fault of [catchThrown(() => isGiven(both)), await catchFault(readOptions(both))]) {
    assert.equal(fault.code, 'USAGE');
    assert.equal(fault.message, '--key-password-file and --key-password-id exclude each other');
  }
});

test('what cannot be a reference is refused before any file is touched, and not shown', () => {
  for (const text of ['Sx4-typed-here', 'id:', ':/store', '']) {
    const fault = catchThrown(() => parseOptions(table, { keyPasswordId: [text] }));
    assert.equal(fault.code, 'USAGE');
    assert.equal(
      fault.message,
      '--key-password-id must be ID:FILE, the ID of a password and the store it is in',
    );
  }
});
