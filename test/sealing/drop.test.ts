import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { joinDrop, readHeader, splitDrop, writeHeader } from '../../src/sealing/drop.ts';
import { isSealed } from '../../src/sealing/first-bytes.ts';
import { keyVerifier, makeSecret, readPublicKey, secretVerifier } from '../../src/sealing/keys.ts';
import { openBody, verifyDrop } from '../../src/sealing/opening.ts';
import { fromStamp, isStamp, toStamp } from '../../src/sealing/stamp.ts';
import { runOpenssl } from '../certs/openssl.ts';
import { catchFault, expectFault } from '../helpers/expect-fault.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { sealByOpenssl } from './openssl-kit.ts';
import { idOf, rsaPair, type Sealing, seal, sha256, signatureOf, toPem } from './sealing-kit.ts';

const host = rsaPair('host');
const site = rsaPair('site');
const secret = '0123456789abcdef'.repeat(4);
const output = Buffer.from('<<<check_mk>>>\nVersion: 2.4.0\nAgentOS: linux\n');
const produced = new Date('2026-11-27T23:31:37Z');
const plain: Sealing = { host: 'web01', produced, output, signer: host };
const siteKeys = [{ id: idOf(site.publicKey), key: site.privateKey }];
const verifiers = [await keyVerifier(toPem(host.publicKey)), await secretVerifier(secret)];

test('stamps are times that there are, and compare as texts', () => {
  assert.equal(toStamp(produced), '20261127233137');
  assert.deepEqual(fromStamp('20261127233137'), produced);
  for (const wrong of ['20261131000000', '20260230000000', '20261127240000', '2026112723313', '']) {
    assert.ok(!isStamp(wrong), wrong);
  }
});

/** All of it, as the site does. */
async function open(bytes: Buffer, keys = siteKeys): Promise<Buffer> {
  return openBody(verifyDrop(bytes, verifiers), async () => keys);
}

const flavours: readonly (readonly [what: string, sealing: Sealing])[] = [
  ['signed', { ...plain, contentEncoding: 'identity' }],
  ['encrypted', { ...plain, contentEncoding: 'identity', recipients: [site.publicKey] }],
  [
    'encrypted for two sites',
    {
      ...plain,
      contentEncoding: 'identity',
      recipients: [rsaPair('other site').publicKey, site.publicKey],
    },
  ],
  ['signed with a shared secret', { ...plain, contentEncoding: 'identity', signer: { secret } }],
];

for (const [what, sealing] of flavours) {
  test(`a drop that is ${what} opens to what was sealed`, async () => {
    const bytes = seal(sealing);
    assert.deepEqual(await open(bytes), output);
    const { header } = verifyDrop(bytes, verifiers);
    assert.equal(header.host, 'web01');
    assert.equal(header.produced, '20261127233137');
    assert.deepEqual(readHeader(writeHeader(header)), header);
  });
}

for (const isEncrypted of [false, true]) {
  const what = isEncrypted ? 'sealed and encrypted' : 'sealed';
  test(`what openssl has ${what} opens to what was sealed`, { skip: skipWithout('openssl') }, () =>
    withTempDir(async (directory) => {
      const bytes = sealByOpenssl(directory, {
        host: 'web01',
        produced: '20261127233137',
        output,
        privateKey: toPem(host.privateKey),
        ...(isEncrypted ? { recipient: toPem(site.publicKey) } : {}),
      });
      assert.deepEqual(await open(bytes), output);
    }),
  );
}

test(
  'openssl verifies and decrypts what node:crypto has sealed',
  { skip: skipWithout('openssl') },
  () =>
    withTempDir(async (directory) => {
      const { payload, signature, body } = splitDrop(
        seal({ ...plain, contentEncoding: 'identity', recipients: [site.publicKey] }),
      );
      const [wrapped] = readHeader(payload).wrappedKeys;
      const files = {
        payload,
        body,
        signature: signature.bytes,
        wrapped: wrapped?.bytes ?? '',
        'host.pub': toPem(host.publicKey),
        'site.pem': toPem(site.privateKey),
      };
      for (const [name, bytes] of Object.entries(files))
        writeFileSync(join(directory, name), bytes);
      const run = (line: string) => runOpenssl(directory, line.split(' '));
      assert.equal(
        run('dgst -sha256 -verify host.pub -signature signature payload'),
        'Verified OK\n',
      );
      run('pkeyutl -decrypt -inkey site.pem -pkeyopt rsa_padding_mode:oaep -in wrapped -out line');
      assert.equal(
        run('enc -d -aes-256-cbc -md sha256 -pass file:line -in body'),
        output.toString(),
      );
    }),
);

const whole = seal({ ...plain, recipients: [site.publicKey] });
const text = whole.toString('latin1');
const bodyStart = text.indexOf('-- body\n') + 8;

test('a drop in which any bit is another is refused', async () => {
  for (let at = 0; at < whole.length; at += 1) {
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
    const fault = await catchFault(open(damaged));
    assert.ok(['MALFORMED', 'REFUSED'].includes(fault.code), `${at}: ${fault.message}`);
  }
});

test('a drop that is cut short anywhere, or goes on, is refused', async () => {
  for (let end = 0; end < whole.length; end += end < bodyStart ? 1 : 10) {
    assert.equal((await catchFault(open(whole.subarray(0, end)))).code, 'MALFORMED', `${end}`);
  }
  await expectFault(
    open(Buffer.concat([whole, Buffer.from('\n')])),
    'MALFORMED',
    /something follows its end$/,
  );
  await expectFault(open(Buffer.concat([whole, whole])), 'MALFORMED', /something follows its end$/);
});

/** The header with one line put in the place of another, signed anew by the host itself. */
function resigned(change: (payload: string) => string): Buffer {
  const { payload, body } = splitDrop(whole);
  const changed = Buffer.from(change(payload.toString()), 'latin1');
  assert.notDeepEqual(changed, payload);
  return joinDrop({ payload: changed, signature: signatureOf(changed, host), body });
}

const other = 'cd'.repeat(32);
const wrongHeaders: readonly (readonly [
  what: string,
  change: (payload: string) => string,
  RegExp,
])[] = [
  ['a host that is a path', (old) => old.replace('web01', '../web01'), /host cannot be/],
  ['no such day', (old) => old.replace('20261127', '20261131'), /produced cannot be "2026/],
  [
    'a size with a zero ahead',
    (old) => old.replace('body-size ', 'body-size 0'),
    /body-size cannot/,
  ],
  ['a negative size', (old) => old.replace('body-size ', 'body-size -'), /body-size cannot/],
  [
    'another size',
    (old) => old.replace(/body-size \d+/, 'body-size 7'),
    /not 7: something follows/,
  ],
  ['another digest', (old) => old.replace(/sha256 .*/, `sha256 ${other}`), /not the one that was/],
  [
    'an unknown encoding',
    (old) => old.replace('gzip', 'brotli'),
    /content-encoding brotli is unknown/,
  ],
  ['an unknown encryption', (old) => old.replace('rsa-oaep', 'rsa'), /encryption cannot be/],
  [
    'recipients but no encryption',
    (old) => old.replace(/encryption .*/, 'encryption none'),
    /recipient is unknown/,
  ],
  [
    'encryption but no recipients',
    (old) => old.replace(/recipient [\s\S]*/, ''),
    /recipient is missing/,
  ],
  [
    'a recipient without a key',
    (old) => old.replace(/wrapped-key[\s\S]*/, ''),
    /wrapped-key is missing/,
  ],
  [
    'a recipient twice',
    (old) => old + old.slice(old.indexOf('recipient')),
    /recipient stands in it twice/,
  ],
  ['nine recipients', nineRecipients, /recipient is unknown, or not in its place/],
  [
    'a name twice',
    (old) => old.replace('host web01\n', 'host web01\nhost web01\n'),
    /produced is missing/,
  ],
  [
    'names in another order',
    (old) => old.replace(/(host .*\n)(produced .*\n)/, '$2$1'),
    /host is missing/,
  ],
  ['a name more', (old) => `${old}more 1\n`, /more is unknown/],
  [
    'a newer version',
    (old) => old.replace('drop/1', 'drop/2'),
    /is of the format cmk-courier-drop\/2, and only/,
  ],
  [
    'an update',
    (old) => old.replace('drop/1', 'target/1'),
    /a signed document of the format cmk-courier-target\/1/,
  ],
  ['a huge line', (old) => old.replace('web01', 'w'.repeat(20_000)), /its header has no end/],
];

function nineRecipients(old: string): string {
  const start = old.indexOf('wrapped-key');
  const pairs = Array.from(
    { length: 8 },
    (_, index) => `recipient ${`${index}0`.repeat(32)}\nwrapped-key\n+AAAA\n`,
  );
  return old.slice(0, start) + old.slice(start) + pairs.join('');
}

for (const [what, change, message] of wrongHeaders) {
  test(`a drop with ${what} is refused, though its host has signed it`, async () => {
    await expectFault(open(resigned(change)), 'MALFORMED', message);
  });
}

test('a drop with two signatures, or of another kind than its id is enrolled for, is refused', async () => {
  const start = text.indexOf('key ', text.indexOf('-- signatures'));
  const signatures = text.slice(start, text.indexOf('-- body\n'));
  const twice = text.slice(0, start) + signatures + text.slice(start);
  await expectFault(
    open(Buffer.from(twice, 'latin1')),
    'MALFORMED',
    /it has 2 signatures, not one$/,
  );
  const asMac = `${text.slice(0, start)}mac ${text.slice(start + 4)}`;
  await expectFault(
    open(Buffer.from(asMac, 'latin1')),
    'REFUSED',
    /^sealed with the shared secret SHA256:[\w+/]{43}, which is not enrolled$/,
  );
  const byMac = seal({ ...plain, signer: { secret } }).toString('latin1');
  await expectFault(
    open(Buffer.from(byMac.replace('\nmac ', '\nkey '), 'latin1')),
    'REFUSED',
    /^sealed with the key SHA256:[\w+/]{43}, which is not enrolled$/,
  );
});

test('a drop of a key that is not enrolled, or under the id of another, is refused', async () => {
  const stranger = rsaPair('stranger');
  await expectFault(
    open(seal({ ...plain, signer: stranger })),
    'REFUSED',
    /^sealed with the key .*, which is not enrolled$/,
  );
  const { payload, body } = splitDrop(seal(plain));
  const signature = { ...signatureOf(payload, stranger), id: idOf(host.publicKey) };
  await expectFault(
    open(joinDrop({ payload, signature, body })),
    'REFUSED',
    /^the seal is not that of the key SHA256:.*: it was changed, or somebody else sealed it$/,
  );
});

test('keys that are weak, of another exponent or kind, private or none are not taken', async () => {
  const faultOf = async (key: string | Buffer) => (await catchFault(readPublicKey(key))).message;
  const pem = (name: string, ...how: [number, number?]) => toPem(rsaPair(name, ...how).publicKey);
  assert.equal(
    await faultOf(pem('1024', 1024)),
    'an RSA key of 1024 bits; from 3072 to 8192 are allowed',
  );
  assert.equal(
    await faultOf(pem('exponent', 3072, 3)),
    'an RSA key with the exponent 3; only 65537 is allowed',
  );
  const { publicKey } = generateKeyPairSync('ed25519');
  assert.equal(await faultOf(toPem(publicKey)), 'a key of the kind ed25519, not rsa');
  assert.equal(
    await faultOf(toPem(host.privateKey)),
    'this is a private key; it is to stay where it was made',
  );
  assert.equal(
    await faultOf('-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n'),
    'no public key in PEM or DER',
  );
  const der = host.publicKey.export({ type: 'spki', format: 'der' });
  assert.equal((await readPublicKey(der)).id, idOf(host.publicKey));
  const windows = toPem(host.publicKey).replaceAll('\n', '\r\n');
  assert.equal((await readPublicKey(windows)).id, idOf(host.publicKey));
});

test('whatever keeps a body from being decrypted is told in the same words', async () => {
  const sealing = { ...plain, recipients: [site.publicKey] };
  const same = /^the body cannot be decrypted for this host with the key of this site$/;
  const stolen = seal({ ...sealing, keyLineHost: 'web02' });
  await expectFault(open(stolen), 'REFUSED', same);
  const impostor = [{ id: idOf(site.publicKey), key: rsaPair('other site').privateKey }];
  await expectFault(open(whole, impostor), 'REFUSED', same);
  const notSalted = resigned((old) =>
    old.replace(/body-size .*\nbody-sha256 .*/, `body-size 0\nbody-sha256 ${sha256('')}`),
  ).subarray(0, -splitDrop(whole).body.length);
  await expectFault(open(notSalted), 'REFUSED', same);
  await expectFault(open(seal({ ...sealing, keyLineHost: 'web01\n' })), 'REFUSED', same);
});

test('a body for other sites, or for a site without a key, is called that', async () => {
  const forOther = seal({ ...plain, recipients: [rsaPair('other site').publicKey] });
  await expectFault(
    open(forOther),
    'REFUSED',
    /^the body is encrypted for other sites, not for this one$/,
  );
  await expectFault(
    open(forOther, []),
    'REFUSED',
    /this site has no key; `cmk-courier seals init` makes one$/,
  );
});

test('another host cannot take the ciphertext and wrapped key of one into a drop of its own', async () => {
  const thief = rsaPair('thief');
  const { payload, body } = splitDrop(whole);
  const taken = Buffer.from(payload.toString().replace('host web01', 'host web66'));
  const bytes = joinDrop({ payload: taken, signature: signatureOf(taken, thief), body });
  const drop = verifyDrop(bytes, [await keyVerifier(toPem(thief.publicKey))]);
  await expectFault(
    openBody(drop, async () => siteKeys),
    'REFUSED',
    /^the body cannot be decrypted/,
  );
});

test('a new secret is one, and another each time', async () => {
  const [one, another] = [await makeSecret(), await makeSecret()];
  assert.notEqual(one, another);
  const bytes = seal({ ...plain, signer: { secret: one }, contentEncoding: 'identity' });
  const { signer } = verifyDrop(bytes, [await secretVerifier(another), await secretVerifier(one)]);
  assert.equal(signer.id, sha256(`id:${one}`));
  await expectFault(secretVerifier(one.toUpperCase()), 'MALFORMED', /^a shared secret is 64/);
});

test('all signed documents are known by their first bytes, and nothing else is', () => {
  assert.ok(isSealed(whole));
  assert.ok(isSealed(Buffer.from('format cmk-courier-target/1\n')));
  assert.ok(!isSealed(Buffer.from(' format cmk-courier-drop/1\n')));
  assert.ok(!isSealed(output));
});
