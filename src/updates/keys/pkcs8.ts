/**
 * Private keys as PKCS#8 under a passphrase (RFC 5958, RFC 8018): PBKDF2 with 600,000 rounds, since
 * node:crypto takes 2048 and openssl asks for no more than that by itself.
 */

import { createCipheriv, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { Secret } from '../../secrets/secrets.ts';

const rounds = 600_000;

const oids = {
  pbes2: '06092a864886f70d01050d',
  pbkdf2: '06092a864886f70d01050c',
  hmacWithSha256: '06082a864886f70d0209',
  aes256Cbc: '060960864801650304012a',
} as const;

/** PEM: `ENCRYPTED PRIVATE KEY`. @param bytes PKCS#8 in DER */
export async function toEncryptedPem(bytes: Buffer, passphrase: Secret): Promise<string> {
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const key = await promisify(pbkdf2)(passphrase.reveal(), salt, rounds, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
  const parameters = sequence(octets(salt), integer(rounds), sequence(oid('hmacWithSha256'), none));
  const algorithm = sequence(
    oid('pbes2'),
    sequence(sequence(oid('pbkdf2'), parameters), sequence(oid('aes256Cbc'), octets(iv))),
  );
  const lines =
    sequence(algorithm, octets(sealed))
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  const name = 'ENCRYPTED PRIVATE KEY';
  return `-----BEGIN ${name}-----\n${lines.join('\n')}\n-----END ${name}-----\n`;
}

const none = Buffer.from('0500', 'hex');

function oid(name: keyof typeof oids): Buffer {
  return Buffer.from(oids[name], 'hex');
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return element(0x30, Buffer.concat(parts));
}

function octets(bytes: Buffer): Buffer {
  return element(0x04, bytes);
}

/** Of a number whose first byte is below 0x80. */
function integer(value: number): Buffer {
  const digits = value.toString(16);
  return element(
    0x02,
    Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex'),
  );
}

/** X.690, 8.1: lengths above 127 take further bytes. */
function element(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head = length < 0x80 ? [tag, length] : [tag, 0x82, Math.floor(length / 256), length % 256];
  return Buffer.concat([Buffer.from(head), content]);
}
