import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { issueCertificate } from '../../src/certs/issue.ts';
import { makeAuthority, makeServerPair } from '../../src/certs/make.ts';
import { authorityProfile } from '../../src/certs/profiles.ts';
import { findControllerObjection } from '../../src/certs/store.ts';
import { issueSelfSigned } from '../helpers/certificates.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { makeLeaf, makeRoot, type WantedLeaf } from './leaves.ts';
import { makeKey, runOpenssl } from './openssl.ts';

const root = makeRoot();
const now = new Date();
const uuid = 'f0d4c1a2-5b6e-4c7d-8e9f-0a1b2c3d4e5f';

/**
 * Every row of the probe matrix that is accepted (agent-receiver.md#server-certificate), and near
 * ones.
 */
const accepted: Readonly<Record<string, WantedLeaf>> = {
  'CN mysite, the same as DNS name, CA:FALSE': {},
  'further DNS names and addresses': {
    dns: ['localhost', 'mysite', 'mon.example.org', '*.example.org'],
    ips: ['127.0.0.1', '::1'],
  },
  'a CN with an underscore': { commonNames: ['my_site'], dns: ['my_site'] },
  'a CN in other case than the DNS name': { commonNames: ['MySite'] },
  'a PrintableString as CN': { utf8: false },
  'an end in 2060': { until: new Date('2060-01-01') },
  'extended key usage serverAuth': { usage: 'serverAuth' },
  'no basic constraints': { ca: undefined },
  'a CN of several labels': { commonNames: ['a.b-c.d'], dns: ['a.b-c.d'] },
  'a CN that begins with digits': { commonNames: ['8site'], dns: ['8site'] },
  'a wildcard that covers the CN': { commonNames: ['a.example.org'], dns: ['*.example.org'] },
};

for (const [what, wanted] of Object.entries(accepted)) {
  test(`the controller takes a server certificate with ${what}`, () => {
    assert.equal(findControllerObjection(makeLeaf(wanted), root, now), undefined);
  });
}

/** Every row that is refused, and near ones. */
const refused: Readonly<Record<string, readonly [WantedLeaf, string]>> = {
  'no alternative names': [
    { dns: [] },
    'its common name "mysite" is not among its alternative names',
  ],
  'other alternative names': [
    { dns: ['othersite'], ips: ['127.0.0.1'] },
    'its common name "mysite" is not among its alternative names',
  ],
  'a CN with a space': [
    { commonNames: ['my site'], dns: ['my site'] },
    'its common name "my site" is not a DNS name',
  ],
  'a CN that ends in a hyphen': [
    { commonNames: ['site-'], dns: ['site-'] },
    'its common name "site-" is not a DNS name',
  ],
  'a wildcard as CN': [
    { commonNames: ['*.example.org'], dns: ['*.example.org'] },
    'its common name "*.example.org" is not a DNS name',
  ],
  'an address as CN': [
    { commonNames: ['192.0.2.1'], dns: [], ips: ['192.0.2.1'] },
    'its common name "192.0.2.1" is not a DNS name',
  ],
  'a UUID as CN': [
    { commonNames: [uuid], dns: [uuid] },
    `its common name "${uuid}" is a UUID, which only hosts have`,
  ],
  'a UUID without hyphens as CN': [
    { commonNames: [uuid.replaceAll('-', '')], dns: [uuid.replaceAll('-', '')] },
    `its common name "${uuid.replaceAll('-', '')}" is a UUID, which only hosts have`,
  ],
  'no CN': [{ commonNames: [] }, 'it has no common name'],
  'two CNs': [{ commonNames: ['mysite', 'b'] }, 'it has 2 common names, and may have only one'],
  'CA:TRUE': [{ ca: true }, 'it is a certificate authority itself'],
  'extended key usage clientAuth only': [
    { usage: 'clientAuth' },
    'its extended key usage is not for servers',
  ],
  'an end that is past': [
    { from: new Date('2020-01-01'), until: new Date('2021-01-01') },
    'it expired at 2021-01-01T00:00:00Z',
  ],
  'a beginning still to come': [
    { from: new Date('2100-01-01'), until: new Date('2101-01-01') },
    'it is not valid before 2100-01-01T00:00:00Z',
  ],
  'a key of 1024 bits': [{ bits: 1024 }, 'it has a key that is not supported: rsa of 1024 bits'],
  'a signature over SHA-1': [{ sha1: true }, 'it does not lead to the root certificate'],
  'a critical extension nobody knows': [
    { more: [{ id: '1.2.3.4', critical: true, value: '\x05\0' }] },
    'its critical extension 1.2.3.4 is unknown to webpki',
  ],
};

for (const [what, [wanted, objection]] of Object.entries(refused)) {
  test(`the controller refuses a server certificate with ${what}`, () => {
    assert.equal(findControllerObjection(makeLeaf(wanted), root, now), objection);
  });
}

test('the controller refuses an X.509 v1 certificate', {
  skip: skipWithout('openssl'),
}, async (t) => {
  const directory = await makeTempDir(t);
  const key = makeKey(directory, 'RSA 2048');
  const request = ['req', '-new', '-key', key, '-subj', '/CN=mysite', '-out', 'v1.csr'];
  runOpenssl(directory, request);
  const leaf = runOpenssl(directory, ['x509', '-req', '-in', 'v1.csr', '-signkey', key]);
  assert.equal(findControllerObjection(leaf, root, now), 'it is of version 1, not 3');
});

test('the controller refuses what another authority of the same name has signed', async (t) => {
  const directory = await makeTempDir(t);
  const key = makeKey(directory, 'RSA 2048');
  const other = runOpenssl(directory, [
    'req',
    '-x509',
    '-new',
    '-key',
    key,
    '-subj',
    '/CN=Test CA',
  ]);
  const objection = findControllerObjection(makeLeaf({}), other, now);
  assert.equal(objection, 'it does not lead to the root certificate');
});

test('the controller compares the name of the authority byte by byte', () => {
  const renamed = makeRoot({ utf8: true });
  assert.equal(
    findControllerObjection(makeLeaf({}), renamed, now),
    'it does not lead to the root certificate',
  );
});

test('further certificates of the chain may lead to the root', async () => {
  const top = await makeAuthority('Top CA', now);
  const middle = await makeAuthority('Middle CA', now);
  const publicKey = createPublicKey(middle.key).export({ type: 'spki', format: 'der' });
  const contents = authorityProfile({ commonName: 'Middle CA', publicKey, now });
  const { certificate: between } = await issueCertificate(contents, top);
  const { certificate: leaf } = await makeServerPair({ site: 'mysite', names: [] }, middle, now);
  const refused = 'it does not lead to the root certificate';
  assert.equal(findControllerObjection(leaf + between, top.certificate, now), undefined);
  assert.equal(findControllerObjection(leaf, top.certificate, now), refused);
  assert.equal(findControllerObjection(leaf + middle.certificate, top.certificate, now), refused);
});

test('an authority used as server certificate is refused', async () => {
  const { certificate } = await makeAuthority('mysite', now);
  const objection = findControllerObjection(certificate, certificate, now);
  assert.equal(objection, 'it is a certificate authority itself');
});

test('a self-signed certificate is refused under another root', () => {
  const { cert } = issueSelfSigned({ name: 'mysite' });
  const objection = findControllerObjection(cert, root, now);
  assert.equal(objection, 'it does not lead to the root certificate');
});

test('a root certificate without extensions cannot be loaded', () => {
  const objection = findControllerObjection(makeLeaf({}), makeRoot({ extensions: [] }), now);
  assert.equal(objection, 'the root certificate has no extensions');
});

test('only the first block of the root counts, and it has to be a certificate', () => {
  const leaf = makeLeaf({});
  const { cert, key } = issueSelfSigned({ name: 'other' });
  assert.equal(findControllerObjection(leaf, root + cert, now), undefined);
  assert.equal(
    findControllerObjection(leaf, cert + root, now),
    'it does not lead to the root certificate',
  );
  const unreadable = 'the root certificate is no certificate that can be read';
  assert.equal(findControllerObjection(leaf, key + root, now), unreadable);
  assert.equal(findControllerObjection(leaf, '', now), unreadable);
});

test('garbage in place of the server certificate is an objection, not an exception', () => {
  const begin = '-----BEGIN CERTIFICATE-----\n';
  for (const pem of ['', 'x', `${begin}AAAA\n-----END CERTIFICATE-----\n`]) {
    assert.equal(findControllerObjection(pem, root, now), 'it is no certificate that can be read');
  }
});
