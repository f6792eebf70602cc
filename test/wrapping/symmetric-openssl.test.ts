import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { Secret } from '../../src/secrets/secrets.ts';
import { decryptSymmetric, encryptSymmetric } from '../../src/wrapping/symmetric.ts';
import { skipWithout } from '../helpers/required-peer.ts';

const skip = skipWithout('openssl');
const passphrases = ['courier-secret', 'zażółć-ß', ' blank at both ends '];
const plain = Buffer.from(
  `<<<check_mk>>>\nVersion: 2.4.0\n<<<local>>>\n${'0 "x" - ok\n'.repeat(99)}`,
);

/** The options of `openssl enc` that derive as each scheme does (agent-port.md#symmetric). */
const unsalted = {
  '00': ['-md', 'md5', '-nosalt'],
  '02': ['-md', 'sha256', '-nosalt'],
} as const;
const derivedBySalt = {
  '04': ['-md', 'sha256'],
  '05': ['-md', 'sha256', '-pbkdf2', '-iter', '600000'],
} as const;
const asIn03 = ['-md', 'sha256', '-iter', '10000'];

function openssl(args: readonly string[], input: Buffer, passphrase = ''): Buffer {
  const env = { ...process.env, PASSPHRASE: passphrase };
  // It warns on stderr about the old derivations.
  return execFileSync('openssl', args, { input, env, stdio: ['pipe', 'pipe', 'ignore'] });
}

function enc(args: readonly string[], input: Buffer, passphrase: string): Buffer {
  return openssl(['enc', '-aes-256-cbc', ...args, '-pass', 'env:PASSPHRASE'], input, passphrase);
}

for (const text of passphrases) {
  const secret = new Secret(text);

  for (const scheme of ['00', '02'] as const) {
    test(`${scheme} under "${text}" is what openssl makes`, { skip }, async () => {
      const body = enc(unsalted[scheme], plain, text);
      const message = Buffer.concat([Buffer.from(scheme), body]);
      assert.ok(message.equals(await encryptSymmetric(plain, scheme, secret)));
      assert.ok(plain.equals(await decryptSymmetric(message, secret)));
    });
  }

  test(`03 under "${text}" is what openssl makes`, { skip }, async () => {
    const message = Buffer.concat([Buffer.from('03'), enc(asIn03, plain, text)]);
    const salt = message.subarray(10, 18);
    assert.ok(message.equals(await encryptSymmetric(plain, '03', secret, salt)));
    assert.ok(plain.equals(await decryptSymmetric(message, secret)));
  });

  test(`03 under "${text}" is read by openssl`, { skip }, async () => {
    const message = await encryptSymmetric(plain, '03', secret);
    assert.ok(plain.equals(enc(['-d', ...asIn03], message.subarray(2), text)));
  });

  for (const scheme of ['04', '05'] as const) {
    test(`${scheme} under "${text}" is what openssl makes`, { skip }, async () => {
      const salt = '0123456789abcdef';
      const [key, iv] = deriveWithOpenssl(derivedBySalt[scheme], salt, text);
      const ciphertext = openssl(['enc', '-aes-256-cbc', '-K', key, '-iv', iv], plain);
      const macArgs = ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', `hexkey:${key}`, '-binary'];
      const mac = openssl(macArgs, Buffer.concat([Buffer.from(iv, 'hex'), ciphertext]));
      const saltBytes = Buffer.from(salt, 'hex');
      const message = Buffer.concat([Buffer.from(scheme), saltBytes, mac, ciphertext]);
      assert.ok(message.equals(await encryptSymmetric(plain, scheme, secret, saltBytes)));
      assert.ok(plain.equals(await decryptSymmetric(message, secret)));
    });
  }
}

/** `openssl enc -P` prints `salt=…`, `key=…` and `iv =…`, in hex. */
function deriveWithOpenssl(
  args: readonly string[],
  salt: string,
  passphrase: string,
): readonly [key: string, iv: string] {
  const said = enc([...args, '-S', salt, '-P'], Buffer.alloc(0), passphrase).toString();
  const [, key = ''] = /key\s*=\s*([0-9A-F]{64})/.exec(said) ?? [];
  const [, iv = ''] = /iv\s*=\s*([0-9A-F]{32})/.exec(said) ?? [];
  return [key, iv];
}
