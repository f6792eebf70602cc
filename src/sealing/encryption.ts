/**
 * Bodies for one site alone, as `openssl enc` writes them, under a key line that is wrapped for each
 * site (sealed-drops.md#encryption).
 */

import type { KeyObject } from 'node:crypto';
import { CourierError } from '../faults/errors.ts';
import type { HostName } from '../names/host-name.ts';
import { bytesToKey } from './bytes-to-key.ts';
import type { WrappedKey } from './drop.ts';

/** A private key of this site. */
export interface SiteKey {
  /** Of its public half. */
  readonly id: string;
  readonly key: KeyObject;
}

const mark = Buffer.from('Salted__');
const saltBytes = 8;
const keyBytes = 32;

/**
 * Decrypts the body of a drop whose signature has been verified. The key line names a host, and
 * what was encrypted for another is not touched: otherwise a host that may seal could pass off as
 * its own what it cannot read.
 *
 * @throws CourierError REFUSED when it is for other sites, or cannot be decrypted: in one wording,
 * whatever the reason
 */
export async function decryptBody(
  body: Buffer,
  drop: { readonly host: HostName; readonly wrappedKeys: readonly WrappedKey[] },
  siteKeys: readonly SiteKey[],
): Promise<Buffer> {
  const mine = drop.wrappedKeys.flatMap(({ recipient, bytes }) => {
    const own = siteKeys.find(({ id }) => id === recipient);
    return own === undefined ? [] : [{ own, bytes }];
  });
  const [first] = mine;
  if (first === undefined) throw forOthers(siteKeys);
  const crypto = await import('node:crypto');
  try {
    const line = crypto
      .privateDecrypt({ key: first.own.key, oaepHash: 'sha1' }, first.bytes)
      .toString('latin1');
    if (!isKeyLine(line, drop.host)) throw undecipherable();
    return decrypt(crypto, body, line);
  } catch (error) {
    throw undecipherable(error);
  }
}

/** 256 random bits, and the host whose output it is. */
function isKeyLine(line: string, host: HostName): boolean {
  return /^[0-9a-f]{64} /.test(line) && line.slice(65) === host;
}

function decrypt(crypto: typeof import('node:crypto'), body: Buffer, line: string): Buffer {
  if (!body.subarray(0, mark.length).equals(mark)) throw undecipherable();
  const salt = body.subarray(mark.length, mark.length + saltBytes);
  const derived = bytesToKey(crypto, 'sha256', [Buffer.from(line, 'latin1'), salt]);
  const [key, iv] = [derived.subarray(0, keyBytes), derived.subarray(keyBytes)];
  const decipher = crypto.createDecipheriv('aes-256-cbc', key, iv);
  const ciphertext = body.subarray(mark.length + saltBytes);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
}

function forOthers(siteKeys: readonly SiteKey[]): CourierError {
  const message =
    siteKeys.length === 0
      ? 'the body is encrypted, and this site has no key; `cmk-courier seals init` makes one'
      : 'the body is encrypted for other sites, not for this one';
  return new CourierError('REFUSED', message);
}

function undecipherable(cause?: unknown): CourierError {
  const message = 'the body cannot be decrypted for this host with the key of this site';
  return new CourierError('REFUSED', message, { cause });
}
