import assert from 'node:assert/strict';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import { readStoredPassword } from '../../src/secrets/password-store.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { catchFault } from '../helpers/expect-fault.ts';
import { countUp, encryptStore, vectorKey } from '../helpers/password-store.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

/** The store of the test vector (checkmk-site.md#password-store), whose key is `vectorKey`. */
const vector = Buffer.from(
  '0000101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2fee73d138b7036907381d8bbccfa42e08cb504351dd2f1e221d9f8e29d1373a9d212c08850aa6ce777a7cfa1c584da0c4c79ae40591d980069df6a124103b6a32ddcbe3e8ae6c272f18fa254938270eac59282b5090',
  'hex',
);
const adHocId = 'uuid12345678-1234-4234-8234-123456789abc';

interface Site {
  readonly root: string;
  /** Where its store is, and its key. */
  readonly store: string;
  readonly key: string;
}

async function makeSite(context: TestContext, store: Buffer | string = vector): Promise<Site> {
  const root = await makeTempDir(context);
  const site = {
    root,
    store: join(root, 'stored_passwords'),
    key: join(root, 'etc/password_store.secret'),
  };
  await mkdir(join(root, 'etc'));
  await writeFile(site.key, vectorKey, { mode: 0o600 });
  await writeFile(site.store, store, { mode: 0o600 });
  return site;
}

async function read(site: Site, id: string, env: Record<string, string> = {}): Promise<string> {
  const context = { log: makeCollectingLog(), env: { OMD_ROOT: site.root, ...env } };
  return (await readStoredPassword(`${id}:${site.store}`, '--password-id', context)).reveal();
}

/** The fault of reading, as `CODE what: why`; what it is reading is left out. */
async function faultOf(site: Site, id = 'my_stored', env: Record<string, string> = {}) {
  const fault = await catchFault(read(site, id, env));
  const doing = `reading --password-id ${id}:${site.store}: `;
  assert.ok(fault.message.startsWith(doing), fault.message);
  assert.doesNotMatch(inspect(fault, { depth: 9 }), /p4ss|s3cr37/);
  return `${fault.code} ${fault.message.slice(doing.length)}`;
}

test('the store of the test vector is read', async (context) => {
  const site = await makeSite(context);
  assert.equal(await read(site, 'my_stored'), 'p4ss:w0rd');
  assert.equal(await read(site, adHocId), 's3cr37!');
});

test('the stores made here are like that of the test vector', () => {
  const lines = `my_stored:p4ss:w0rd\n${adHocId}:s3cr37!`;
  const stores = [lines, `${lines}\n`].map((text) => encryptStore(text).toString('hex'));
  assert.ok(stores.includes(vector.toString('hex')));
});

test('the key file PASSWORD_STORE_SECRET_FILE names goes before that of the site', async (context) => {
  const site = await makeSite(context, encryptStore('a:Sx4-other', Buffer.from('other')));
  const other = join(site.root, 'other.secret');
  await writeFile(other, 'other', { mode: 0o600 });
  assert.equal(await read(site, 'a', { PASSWORD_STORE_SECRET_FILE: other }), 'Sx4-other');
  assert.equal(
    await faultOf(site, 'a', { PASSWORD_STORE_SECRET_FILE: '' }),
    `CONFIG the store is damaged, or ${site.key} is not its key`,
  );
  const missing = join(site.root, 'missing');
  assert.equal(
    await faultOf(site, 'a', { PASSWORD_STORE_SECRET_FILE: missing }),
    `LOCAL its key ${missing}: no such file or directory`,
  );
});

test('a key is taken as it is, with its line end and however long', async (context) => {
  const key = Buffer.from(`${'Ab'.repeat(128)}\n`);
  const site = await makeSite(context, encryptStore('a:Sx4-letters', key));
  await writeFile(site.key, key);
  assert.equal(await read(site, 'a'), 'Sx4-letters');
});

test('lines are stripped and split at their first colon, the last one of an ID counts', async (context) => {
  const lines = '\n  a : b \n b:first\nno colon\nb:pass:word \r\nc:\nd:ünï\n';
  const site = await makeSite(context, encryptStore(lines));
  assert.equal(await read(site, 'a '), ' b');
  assert.equal(await read(site, 'b'), 'pass:word');
  assert.equal(await read(site, 'd'), 'ünï');
  assert.equal(await faultOf(site, 'c'), 'CONFIG the password is empty');
});

test('an ID the store does not have is a fault', async (context) => {
  const site = await makeSite(context);
  for (const id of ['other', 'my_store', 'my_stored ', 'p4ss', '__proto__', 'constructor']) {
    const fault = await catchFault(read(site, id));
    const message = `reading --password-id ${id}:${site.store}: the store has no password with this ID`;
    assert.deepEqual([fault.code, fault.message], ['CONFIG', message]);
  }
});

test('a store without passwords has none', async (context) => {
  const empty = await makeSite(context, '');
  assert.equal(await faultOf(empty), 'CONFIG the store is empty');
  const encrypted = await makeSite(context, encryptStore(''));
  assert.equal(await faultOf(encrypted), 'CONFIG the store has no password with this ID');
});

test('an empty store needs no key', async (context) => {
  const site = await makeSite(context, '');
  await rm(site.key);
  assert.equal(await faultOf(site), 'CONFIG the store is empty');
});

test('a store under another key is refused', async (context) => {
  const site = await makeSite(context);
  for (const key of [
    countUp(1, 32),
    Buffer.concat([vectorKey, Buffer.from('\n')]),
    Buffer.alloc(0),
  ]) {
    await writeFile(site.key, key);
    assert.equal(await faultOf(site), `CONFIG the store is damaged, or ${site.key} is not its key`);
  }
});

test('a store cut at any length is refused', { timeout: 120_000 }, async (context) => {
  const site = await makeSite(context);
  for (let length = 1; length < vector.length; length += length < 60 ? 1 : 9) {
    await writeFile(site.store, vector.subarray(0, length));
    assert.equal(
      await faultOf(site),
      length < 50
        ? 'CONFIG the store is cut short'
        : `CONFIG the store is damaged, or ${site.key} is not its key`,
      `${length} bytes`,
    );
  }
});

test('a store with one bit changed in any part of it is refused', async (context) => {
  const site = await makeSite(context);
  for (const offset of [2, 17, 18, 33, 34, 49, 50, vector.length - 1]) {
    const changed = Buffer.from(vector);
    changed.writeUInt8(changed.readUInt8(offset) ^ 1, offset);
    await writeFile(site.store, changed);
    assert.equal(
      await faultOf(site),
      `CONFIG the store is damaged, or ${site.key} is not its key`,
      `byte ${offset}`,
    );
  }
});

test('a store of another version is refused', async (context) => {
  const newer = Buffer.from(vector);
  newer.writeUInt16BE(258, 0);
  const site = await makeSite(context, newer);
  assert.equal(await faultOf(site), 'CONFIG the store has version 258, only 0 is known');
});

test('a store in the old format is refused without a word of it', async (context) => {
  for (const text of ['my_stored:p4ss:w0rd\n', 'a', 'ä:p4ss\n', '# p4ss\nx\n']) {
    const site = await makeSite(context, text);
    assert.equal(
      await faultOf(site),
      'CONFIG the store is in the old format, which is not encrypted',
    );
  }
});

test('missing files are named', async (context) => {
  const site = await makeSite(context);
  await rm(site.key);
  assert.equal(await faultOf(site), `LOCAL its key ${site.key}: no such file or directory`);
  await rm(site.store);
  assert.equal(await faultOf(site), 'LOCAL no such file or directory');
});

test('without a site there is no key', async (context) => {
  const site = await makeSite(context);
  assert.equal(
    await faultOf(site, 'my_stored', { OMD_ROOT: '' }),
    'LOCAL no site to look for its key in; OMD_ROOT and PASSWORD_STORE_SECRET_FILE are not set',
  );
});

test('a store or key that is no regular file is refused', async (context) => {
  const site = await makeSite(context);
  await rm(site.key);
  await mkdir(site.key);
  assert.equal(await faultOf(site), `CONFIG its key ${site.key}: not a regular file`);
  await rm(site.store);
  await mkdir(site.store);
  assert.equal(await faultOf(site), 'CONFIG not a regular file');
});

test('a store may be large, but not larger than 16 MiB', async (context) => {
  const filler = Array.from({ length: 5000 }, (_, index) => `uuid${index}:${'x'.repeat(50)}`);
  const site = await makeSite(context, encryptStore([...filler, 'a:Sx4-last'].join('\n')));
  assert.equal(await read(site, 'a'), 'Sx4-last');
  await writeFile(site.store, Buffer.alloc(16 * 1024 * 1024 + 1));
  assert.equal(await faultOf(site), 'CONFIG larger than 16777216 bytes');
});

test('a path may hold colons, an ID not', async (context) => {
  const site = await makeSite(context);
  const store = join(site.root, 'a:b');
  await writeFile(store, vector, { mode: 0o600 });
  assert.equal(await read({ ...site, store }, 'my_stored'), 'p4ss:w0rd');
});

test('what is no reference is refused, and not shown', async () => {
  const context = { log: makeCollectingLog(), env: {} };
  for (const reference of ['', 'Sx4-password', ':/store', 'id:', ':']) {
    const fault = await catchFault(readStoredPassword(reference, '--token-id', context));
    assert.deepEqual(
      [fault.code, fault.message],
      ['USAGE', '--token-id must be ID:FILE, the ID of a password and the store it is in'],
    );
  }
});

test('a key everybody may read is used with a warning', async (context) => {
  const site = await makeSite(context);
  await chmod(site.key, 0o644);
  const log = makeCollectingLog();
  const reading = { log, env: { OMD_ROOT: site.root } };
  await readStoredPassword(`my_stored:${site.store}`, '--password-id', reading);
  assert.deepEqual(log.lines, [
    `warn everybody on this machine may read this secret; chmod 600 it { file: '${site.key}' }`,
  ]);
});

test('reading a store does not show it in the log', async (context) => {
  const site = await makeSite(context);
  const log = makeCollectingLog();
  const reading = { log, env: { OMD_ROOT: site.root } };
  const secret = await readStoredPassword(`${adHocId}:${site.store}`, '--password-id', reading);
  assert.equal(`${secret}`, '[secret]');
  assert.deepEqual(log.lines, []);
});
