/** Keys in PEM: certificates, public halves, and private keys out and in. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import './cheap-scrypt.ts';
import { findMeantKey } from '../../src/updates/keys/key-names.ts';
import { assertDocument } from '../helpers/json-document.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { makeUpdateServer, plantKey } from './server-kit.ts';
import { fixtureKey } from './update-kit.ts';

test('KM-8: a key is shown as a self-signed certificate with its name and its end', async (t) => {
  const server = await makeUpdateServer(t);
  await plantKey(server, 'ada', 'root1');
  const pem = await server.must('keys', 'export', 'ada', '--as=certificate');
  const certificate = new X509Certificate(pem);
  assert.equal(certificate.subject, 'CN=ada');
  assert.equal(certificate.validToDate.toISOString(), '2028-11-01T00:00:00.000Z');
  assert.ok(certificate.verify(certificate.publicKey));
  const der = certificate.publicKey.export({ type: 'spki', format: 'der' });
  assert.ok(der.equals(fixtureKey('root1').trusted.der));
});

test('a key leaves as PKCS#8 that openssl reads, and comes back; weak keys do not', {
  skip: skipWithout('openssl'),
}, async (t) => {
  const server = await makeUpdateServer(t);
  await plantKey(server, 'ada', 'root1');
  const path = (name: string) => join(server.places.directory, '..', name);
  await writeFile(path('ada.pem'), await server.must('keys', 'export', 'ada', '--as=private'), {
    mode: 0o600,
  });
  const words = ['pkey', '-in', path('ada.pem'), '-passin', `file:${server.passphraseFile}`];
  const { stdout } = spawnSync('openssl', [...words, '-pubout', '-outform', 'DER']);
  assert.ok(stdout.equals(fixtureKey('root1').trusted.der));
  const pemFile = `--pem-passphrase-file=${server.passphraseFile}`;
  const other = await makeUpdateServer(t);
  await other.must('keys', 'import', 'again', path('ada.pem'), pemFile);
  const { output } = await other.run('keys', 'list', '--json');
  assertDocument('updates keys list', output);
  assert.deepEqual(
    JSON.parse(output).keys.map(({ id }: { id: string }) => id),
    [fixtureKey('root1').trusted.id],
  );
  for (const name of ['weak', 'e3']) {
    const weak = fixtureKey(name).key.export({ type: 'pkcs8', format: 'pem' });
    await writeFile(path(name), weak, { mode: 0o600 });
    const { code, errors } = await server.runSigning('keys', 'import', name, path(name));
    assert.equal(code, 7, errors);
  }
});

test('CR-2: a key goes by the digest of its DER, whatever its PEM looks like', async (t) => {
  const server = await makeUpdateServer(t);
  const { key, trusted } = fixtureKey('root1');
  const pem = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
  const forms = [pem, pem.replaceAll('\n', '\r\n'), `a line ahead\n${pem}`];
  for (const [index, form] of forms.entries()) {
    const path = join(server.places.directory, '..', `form${index}.pub`);
    await writeFile(path, form);
    assert.equal((await findMeantKey(server.places, path, undefined)).id, trusted.id);
  }
});
