import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import forge from 'node-forge';
import { readPemBlocks, toPem } from '../../src/certs/pem.ts';
import { readSigningRequest } from '../../src/certs/request.ts';
import { CourierError } from '../../src/faults/errors.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { type KeyKind, makeKey, makeRequest, runOpenssl } from './openssl.ts';

const skip = skipWithout('openssl');
const uuid = randomUUID();
const subject = `/CN=${uuid}`;

const kinds = [
  ['RSA 2048', 'RSA 2048'],
  ['RSA 4096', 'RSA 4096'],
  ['EC P-256', 'EC prime256v1'],
] as const satisfies readonly (readonly [KeyKind, string])[];

for (const [kind, keyType] of kinds) {
  test(`a request with a key of kind ${kind} is understood`, { skip }, async (t) => {
    const directory = await makeTempDir(t);
    const request = await readSigningRequest(makeRequest(directory, { kind, subject }));
    const key = runOpenssl(directory, ['pkey', '-in', makeKey(directory, kind), '-pubout']);
    const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
    assert.deepEqual(request, { uuid, publicKey, keyType });
  });
}

/** What is refused on purpose: the request, and what is said of it. */
const refused: readonly (readonly [string, KeyKind, readonly string[], string])[] = [
  [
    'a signature by RSA-PSS',
    'RSA 2048',
    ['-sigopt', 'rsa_padding_mode:pss'],
    'signed by algorithm 1.2.840.113549.1.1.10 with parameters; understood are RSA (PKCS #1 v1.5) and ECDSA with SHA-256, SHA-384 or SHA-512',
  ],
  [
    'a signature over SHA-1',
    'RSA 2048',
    ['-sha1'],
    'signed by algorithm 1.2.840.113549.1.1.5; understood are RSA (PKCS #1 v1.5) and ECDSA with SHA-256, SHA-384 or SHA-512',
  ],
  [
    'a key for RSA-PSS alone',
    'RSA-PSS',
    [],
    'a key of type rsa-pss; understood are RSA, and EC on a NIST curve',
  ],
  [
    'an Ed25519 key',
    'Ed25519',
    [],
    'a key of type ed25519; understood are RSA, and EC on a NIST curve',
  ],
  [
    'a key on a curve of Bitcoin',
    'EC secp256k1',
    [],
    'a key of type ec secp256k1; understood are RSA, and EC on a NIST curve',
  ],
  ['an RSA key of 1024 bits', 'RSA 1024', [], 'an RSA key of 1024 bits; allowed are 2048 to 8192'],
];

for (const [what, kind, more, why] of refused) {
  test(`${what} is refused with a sentence`, { skip }, async (t) => {
    const pem = makeRequest(await makeTempDir(t), { kind, subject, more });
    const fault = await expectFault(readSigningRequest(pem), 'MALFORMED');
    assert.equal(fault.message, `the signing request: ${why}`);
  });
}

const subjects: readonly (readonly [string, string])[] = [
  [`/CN=${uuid}/CN=${randomUUID()}`, '2 common names, not one'],
  [`/CN=${uuid}+CN=${uuid}`, '2 common names, not one'],
  ['/O=nobody', 'no common name'],
  ['/CN=None', 'its common name must be a version 4 UUID in lower case, not "None"'],
  [
    `/CN=${uuid.toUpperCase()}`,
    `its common name must be a version 4 UUID in lower case, not "${uuid.toUpperCase()}"`,
  ],
  [
    '/CN=f0d4c1a2-5b6e-1c7d-8e9f-0a1b2c3d4e5f',
    'its common name must be a version 4 UUID in lower case, not "f0d4c1a2-5b6e-1c7d-8e9f-0a1b2c3d4e5f"',
  ],
];

test('the common name has to be one version 4 UUID', { skip }, async (t) => {
  const directory = await makeTempDir(t);
  for (const [wrong, why] of subjects) {
    const pem = makeRequest(directory, { subject: wrong, more: ['-multivalue-rdn'] });
    const fault = await expectFault(readSigningRequest(pem), 'MALFORMED');
    assert.equal(fault.message, `the signing request: ${why}`);
  }
});

test('other parts of the subject are passed over', { skip }, async (t) => {
  const pem = makeRequest(await makeTempDir(t), { subject: `/C=DE/O=us${subject}` });
  assert.equal((await readSigningRequest(pem)).uuid, uuid);
});

test('a common name in an encoding of the past is refused', async () => {
  const fault = await expectFault(readSigningRequest(makeForgeRequest('BMPSTRING')), 'MALFORMED');
  assert.equal(fault.message, 'the signing request: a common name is not in UTF-8 or ASCII');
});

test('a request signed with another key is refused', { skip }, async (t) => {
  const [block] = readPemBlocks(makeRequest(await makeTempDir(t), { subject }));
  assert.ok(block);
  const der = Buffer.from(block.der);
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
  const pem = toPem(block.label, der);
  const fault = await expectFault(readSigningRequest(pem), 'MALFORMED');
  assert.equal(fault.message, 'the signing request: not signed with its own key');
});

test('a request for another name than was signed is refused', { skip }, async (t) => {
  const [block] = readPemBlocks(makeRequest(await makeTempDir(t), { subject }));
  assert.ok(block);
  const other = randomUUID();
  const der = Buffer.from(block.der.toString('latin1').replace(uuid, other), 'latin1');
  const pem = toPem(block.label, der);
  const fault = await expectFault(readSigningRequest(pem), 'MALFORMED');
  assert.equal(fault.message, 'the signing request: not signed with its own key');
});

test('what is no request is said to be none', { skip }, async (t) => {
  const directory = await makeTempDir(t);
  const good = makeRequest(directory, { subject });
  const key = runOpenssl(directory, ['pkey', '-in', makeKey(directory, 'RSA 2048'), '-pubout']);
  const cases: readonly (readonly [string, string])[] = [
    ['', 'not in PEM'],
    ['hello', 'not in PEM'],
    [good.replace('-----END', '-----BEGIN'), 'not in PEM'],
    [key, '"PUBLIC KEY" in place of "CERTIFICATE REQUEST"'],
    [good + key, 'followed by another block of PEM'],
    [`${'x'.repeat(40_000)}${good}`, 'longer than it can be'],
    [toPem('CERTIFICATE REQUEST', Buffer.from('MII')), 'not valid DER: it ends too early'],
    [toPem('CERTIFICATE REQUEST', Buffer.alloc(0)), 'not valid DER: a length is wrong'],
  ];
  for (const [pem, why] of cases) {
    const fault = await expectFault(readSigningRequest(pem), 'MALFORMED');
    assert.equal(fault.message, `the signing request: ${why}`);
  }
});

test('CR LF, text around it and the old label do no harm', { skip }, async (t) => {
  const good = makeRequest(await makeTempDir(t), { subject });
  const old = good.replaceAll('CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST');
  for (const pem of [good.replaceAll('\n', '\r\n'), `hello\n${good}bye\n`, old]) {
    assert.equal((await readSigningRequest(pem)).uuid, uuid);
  }
});

test('a request that is cut or changed anywhere is refused, and nothing else is thrown', async () => {
  const [block] = readPemBlocks(makeForgeRequest('UTF8'));
  assert.ok(block);
  const { der } = block;
  const changed = fc.tuple(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }));
  await fc.assert(
    fc.asyncProperty(changed, fc.boolean(), async ([at, by], isCut) => {
      const bytes = Buffer.from(isCut ? der.subarray(0, at) : der);
      if (!isCut) bytes[at] = (bytes[at] ?? 0) ^ by;
      const outcome = await readSigningRequest(toPem(block.label, bytes)).catch((error) => error);
      assert.ok(outcome instanceof CourierError);
      assert.equal(outcome.code, 'MALFORMED');
    }),
    { numRuns: 1000 },
  );
});

/** By node-forge, with the common name in another string type than openssl writes. */
function makeForgeRequest(type: 'BMPSTRING' | 'UTF8'): string {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const request = forge.pki.createCertificationRequest();
  const valueTagClass: number = forge.asn1.Type[type];
  request.publicKey = forge.pki.publicKeyFromPem(publicKey);
  request.setSubject([{ name: 'commonName', value: uuid, valueTagClass }]);
  request.sign(forge.pki.privateKeyFromPem(privateKey), forge.md.sha256.create());
  return forge.pki.certificationRequestToPem(request);
}
