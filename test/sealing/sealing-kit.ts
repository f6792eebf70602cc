/** Sealed drops as hosts make them: with node:crypto, and with the `openssl` command. */

import {
  createCipheriv,
  createHash,
  createHmac,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
  randomBytes,
  sign,
} from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { parseHostName } from '../../src/names/host-name.ts';
import { bytesToKey } from '../../src/sealing/bytes-to-key.ts';
import { type ContentEncoding, joinDrop, writeHeader } from '../../src/sealing/drop.ts';
import type { Signature } from '../../src/sealing/envelope.ts';
import { toStamp } from '../../src/sealing/stamp.ts';

export interface RsaPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Making one takes a while: each is made once a process. */
const made = new Map<string, RsaPair>();

export function rsaPair(name: string, modulusLength = 3072, publicExponent = 65537): RsaPair {
  const known = made.get(name);
  if (known !== undefined) return known;
  const pair = generateKeyPairSync('rsa', { modulusLength, publicExponent });
  made.set(name, pair);
  return pair;
}

export function idOf(key: KeyObject): string {
  return sha256(key.export({ type: 'spki', format: 'der' }));
}

export function toPem(key: KeyObject): string {
  return key.type === 'private'
    ? key.export({ type: 'pkcs8', format: 'pem' }).toString()
    : key.export({ type: 'spki', format: 'pem' }).toString();
}

export type Signer = RsaPair | { readonly secret: string };

export interface Sealing {
  readonly host: string;
  readonly produced: Date;
  readonly output: Buffer;
  readonly signer: Signer;
  readonly contentEncoding?: ContentEncoding;
  /** Public keys of sites the body is encrypted for. */
  readonly recipients?: readonly KeyObject[];
  /** Another host in the key line. */
  readonly keyLineHost?: string;
}

/** A sealed drop. */
export function seal(sealing: Sealing): Buffer {
  const { host, produced, signer, contentEncoding = 'gzip', recipients = [] } = sealing;
  const packed = contentEncoding === 'gzip' ? gzipSync(sealing.output) : sealing.output;
  const line = `${randomBytes(32).toString('hex')} ${sealing.keyLineHost ?? host}`;
  const body = recipients.length === 0 ? packed : encrypt(packed, line);
  const payload = writeHeader({
    host: parseHostName(host),
    produced: toStamp(produced),
    bodySize: body.length,
    bodySha256: sha256(body),
    contentEncoding,
    wrappedKeys: recipients.map((key) => ({
      recipient: idOf(key),
      bytes: publicEncrypt({ key, oaepHash: 'sha1' }, Buffer.from(line)),
    })),
  });
  return joinDrop({ payload, signature: signatureOf(payload, signer), body });
}

export function signatureOf(payload: Buffer, signer: Signer): Signature {
  if ('secret' in signer) {
    const bytes = createHmac('sha256', signer.secret).update(payload).digest();
    return { kind: 'mac', id: sha256(`id:${signer.secret}`), bytes };
  }
  const { publicKey, privateKey } = signer;
  return { kind: 'key', id: idOf(publicKey), bytes: sign('sha256', payload, privateKey) };
}

function encrypt(plain: Buffer, line: string): Buffer {
  const salt = randomBytes(8);
  const derived = bytesToKey({ createHash } as typeof import('node:crypto'), 'sha256', [
    Buffer.from(line),
    salt,
  ]);
  const cipher = createCipheriv('aes-256-cbc', derived.subarray(0, 32), derived.subarray(32));
  return Buffer.concat([Buffer.from('Salted__'), salt, cipher.update(plain), cipher.final()]);
}

export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
