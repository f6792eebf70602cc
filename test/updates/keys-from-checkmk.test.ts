/** Signature keys as Checkmk exports them: encrypted PKCS#8, and its certificate behind it. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import './cheap-scrypt.ts';
import { fingerprintOf } from '../../src/sealing/keys.ts';
import { assertDocument } from '../helpers/json-document.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { makeReadyServer, makeUpdateServer, plantKey, type UpdateServer } from './server-kit.ts';
import { fixtureKey } from './update-kit.ts';

const skip = skipWithout('openssl');

const plain = (fixture: string) =>
  fixtureKey(fixture).key.export({ type: 'pkcs8', format: 'pem' }).toString();

/** Runs openssl in the directory above that of the server, which only we can enter. */
function openssl({ places }: UpdateServer, ...words: readonly string[]): string {
  const options = { cwd: join(places.directory, '..'), encoding: 'utf8', stdio: 'pipe' } as const;
  return execFileSync('openssl', words, options);
}

function write({ places }: UpdateServer, name: string, text: string): string {
  const path = join(places.directory, '..', name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** The key in `plain.pem` under the passphrase of the server. */
const encrypted = (server: UpdateServer, ...how: readonly string[]) =>
  openssl(server, ...'pkcs8 -topk8 -in plain.pem -passout file:passphrase'.split(' '), ...how);

const certificateOf = (server: UpdateServer, key: string) =>
  openssl(server, 'req', '-x509', '-key', key, '-subj', '/O=Check_MK Site heute/CN=cmkadmin');

const importing = (server: UpdateServer, alias: string, path: string) =>
  server.runSigning(
    'keys',
    'import',
    alias,
    path,
    `--pem-passphrase-file=${server.passphraseFile}`,
  );

async function listed(server: UpdateServer) {
  const { output } = await server.run('keys', 'list', '--json');
  assertDocument('updates keys list', output);
  const { keys } = JSON.parse(output);
  return keys.map(({ name, id, isLegacy }: Record<string, unknown>) => ({ name, id, isLegacy }));
}

/** PKCS#8 under pbeWithMD5AndDES-CBC, which OpenSSL 3 refuses before it looks at the rest. */
const outdated = `-----BEGIN ENCRYPTED PRIVATE KEY-----
${Buffer.from(`302f301b06092a864886f70d010503300e0408${'00'.repeat(8)}020208000410${'00'.repeat(16)}`, 'hex').toString('base64')}
-----END ENCRYPTED PRIVATE KEY-----
`;
const outdatedLine =
  'it.pem has an outdated encryption (RC2, RC4, DES); `openssl pkey -aes256 -provider legacy -provider default` writes it anew (CONFIG)';

/** A new RSA key of 2048 bits as Checkmk exports it. */
function exportOld(server: UpdateServer): string {
  write(server, 'plain.pem', openssl(server, 'genrsa', '2048'));
  return write(server, 'old.pem', encrypted(server) + certificateOf(server, 'plain.pem'));
}

test('MG-1: a key exported by Checkmk becomes a key here, however openssl has encrypted it', {
  skip,
}, async (t) => {
  const server = await makeUpdateServer(t);
  write(server, 'plain.pem', plain('root1'));
  const certificate = certificateOf(server, 'plain.pem');
  const ways = ['', '-v2 aes128', '-v2 des3', '-v2 aes256 -v2prf hmacWithSHA1', '-scrypt'];
  const older = ['-v1 PBE-SHA1-3DES', '-v1 PBE-SHA1-2DES'];
  const { id } = fixtureKey('root1').trusted;
  for (const [at, way] of [...ways, ...older].entries()) {
    const name = `key${at}`;
    const pem = encrypted(server, ...way.split(' ').filter((word) => word !== ''));
    const { output, errors } = await importing(
      server,
      name,
      write(server, name, pem + certificate),
    );
    assert.equal(output, `took over ${name} ${fingerprintOf(id)}\n`, `${way}: ${errors}`);
  }
  assert.deepEqual(await listed(server), [{ name: 'key0', id, isLegacy: false }]);
  const made = await server.must('root', 'init', '--server=https://site.example', '--key=key0');
  assert.match(made, /^root 1 holds now/m);
});

test('MG-1: one of 2048 bits is kept as legacy; no root names it, and its signature counts nowhere', {
  skip,
}, async (t) => {
  const server = await makeReadyServer(t);
  const exported = exportOld(server);
  const { output } = await importing(server, 'old', exported);
  const why =
    'old is a legacy key, RSA of 2048 bits: hosts believe only keys of 3072 bits and more, so no root may name it';
  const [, fingerprint] = /^took over old (SHA256:\S+)\n/.exec(output) ?? [];
  assert.equal(output, `took over old ${fingerprint}\n${why}\n`);
  const line = `old          not trusted   ${fingerprint}, legacy, to be replaced by 2028-11-27`;
  assert.ok((await server.run('keys', 'list')).output.split('\n').includes(line));
  assert.deepEqual(
    (await listed(server)).flatMap(({ name, isLegacy }: { name: string; isLegacy: boolean }) =>
      isLegacy ? [name] : [],
    ),
    ['old'],
  );
  assert.match((await server.run('audit')).output, /key old.*, imported, legacy/);
  for (const words of [
    ['root', 'add-key', 'old'],
    ['root', 'add-key', 'old', '--role=release', '--draft'],
    ['root', 'threshold', '1', 'old'],
    ['keys', 'rotate', 'main', 'old'],
    ['keys', 'revoke', 'main', '--replacement=old'],
  ]) {
    const { code, errors } = await server.runSigning(...words);
    assert.deepEqual([code, errors.includes(why)], [7, true], `${words.join(' ')}: ${errors}`);
  }
  assert.match((await server.run('root', 'show')).output, /^root 1\b/);
  const fresh = await makeUpdateServer(t);
  assert.equal((await importing(fresh, 'old', exported)).code, 0);
  const init = await fresh.runSigning('root', 'init', '--server=https://a.example', '--key=old');
  assert.deepEqual([init.code, init.errors.includes(why)], [7, true], init.errors);
  const signing = await server.runSigning('root', 'renew', '--key=old');
  assert.match(signing.errors, /the signature of old would not count here/);
  const key = createPrivateKey(readFileSync(join(server.places.directory, '..', 'plain.pem')));
  const half = createPublicKey(key).export({ type: 'spki', format: 'pem' });
  assert.equal((await server.run('keys', 'export', 'old')).output, half);
  assert.match(await server.must('keys', 'export', 'old', '--as=private'), /^-----BEGIN ENCR/);
});

test('MG-1: whatever else lies in such a file is refused with a line that says what', {
  skip,
}, async (t) => {
  const server = await makeUpdateServer(t);
  await plantKey(server, 'there', 'root2');
  write(server, 'plain.pem', plain('root1'));
  write(server, 'foreign.pem', plain('foreign'));
  const key = encrypted(server);
  const [own, foreign] = ['plain.pem', 'foreign.pem'].map((name) => certificateOf(server, name));
  const ec = openssl(
    server,
    ...'genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256'.split(' '),
  );
  const cases: readonly (readonly [text: string, line: string])[] = [
    [key + foreign, 'the certificate in it.pem is of another key (CONFIG)'],
    [
      key + own + own,
      'it.pem holds 2 certificates; only that of the key may stand beside it (CONFIG)',
    ],
    [key + own + key, 'it.pem holds 2 private keys; put each into a file of its own (CONFIG)'],
    [`${own}`, 'it.pem holds no private key in PEM (CONFIG)'],
    [(key + own).slice(0, -30), 'it.pem is cut off or damaged (CONFIG)'],
    [
      key + own?.replace(/\nMII.{20}/, '\nMIIAAAAAAAAAAAAAAAAAAAAA'),
      'the certificate in it.pem is damaged (CONFIG)',
    ],
    [outdated, outdatedLine],
    [ec, 'it.pem: a key of the kind ec, not rsa (REFUSED)'],
    [plain('weak'), 'it.pem: an RSA key of 1024 bits; from 2048 to 8192 are allowed (REFUSED)'],
    [plain('e3'), 'it.pem: an RSA key with the exponent 3; only 65537 is allowed (REFUSED)'],
  ];
  const tell = (errors: string) => errors.replace(/\/\S+\//, '').replace(/^.*?import: /, '');
  for (const [text, line] of cases) {
    const got = await importing(server, 'new', write(server, 'it.pem', text));
    assert.equal(tell(got.errors), `${line}\n`);
  }
  const other = write(server, 'other', 'not the passphrase');
  const path = write(server, 'it.pem', key + own);
  const words = ['keys', 'import', 'new', path, `--pem-passphrase-file=${other}`];
  const { errors } = await server.runSigning(...words);
  assert.equal(tell(errors), 'the passphrase of it.pem is wrong, or it is damaged (REFUSED)\n');
  assert.deepEqual(
    (await listed(server)).map(({ name }: { name: string }) => name),
    ['there'],
  );
});
