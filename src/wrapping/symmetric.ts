/**
 * The symmetric encryption of Checkmk's agents, both ways: AES-256-CBC under a passphrase, in five
 * schemes named by two digits in front (agent-port.md#symmetric; checked against the `openssl`
 * command).
 */

import { promisify } from 'node:util';
import { CourierError } from '../faults/errors.ts';
import { bytesToKey } from '../sealing/bytes-to-key.ts';
import type { Secret } from '../secrets/secrets.ts';

export type SymmetricScheme = '00' | '02' | '03' | '04' | '05';

type Crypto = typeof import('node:crypto');

/** Passphrase and salt → key and IV in one piece. */
type Derivation = (crypto: Crypto, passphrase: Buffer, salt: Buffer) => Promise<Buffer>;

/** How a message is laid out behind the two digits: mark, salt, MAC, ciphertext. */
interface Recipe {
  readonly mark: '' | 'Salted__';
  readonly saltBytes: number;
  /** 0: not authenticated. */
  readonly macBytes: number;
  readonly derive: Derivation;
}

const digitBytes = 2;
const blockBytes = 16;
const keyBytes = 32;
const derivedBytes = keyBytes + blockBytes;

const bare = { mark: '', saltBytes: 0, macBytes: 0 } as const;
const salted = { mark: 'Salted__', saltBytes: 8, macBytes: 0 } as const;
const authenticated = { mark: '', saltBytes: 8, macBytes: 32 } as const;

const recipes: Readonly<Record<SymmetricScheme, Recipe>> = {
  '00': { ...bare, derive: deriveByHash('md5') },
  '02': { ...bare, derive: deriveByHash('sha256') },
  '03': { ...salted, derive: deriveSlowly(10_000) },
  '04': { ...authenticated, derive: deriveByHash('sha256') },
  '05': { ...authenticated, derive: deriveSlowly(600_000) },
};

/**
 * The scheme a message is encrypted with, by its first two bytes; undefined when they name none.
 *
 * `99` is read as `00`, which old Windows agents meant by it. That holds for a TCP stream and for
 * whatever was stored of one, so for every source; only in a real-time datagram, which has a time
 * behind its digits and never comes here, `99` says that it is not encrypted.
 */
export function symmetricScheme(message: Buffer): SymmetricScheme | undefined {
  const digits = message.toString('latin1', 0, digitBytes);
  if (digits === '99') return '00';
  return isScheme(digits) ? digits : undefined;
}

function isScheme(digits: string): digits is SymmetricScheme {
  return Object.hasOwn(recipes, digits);
}

/**
 * Whether the eight bytes ahead of the salt are not the `Salted__` of OpenSSL. The site passes over
 * them unread, and there are agents that put something else there.
 */
export function hasUnmarkedSalt(message: Buffer): boolean {
  const scheme = symmetricScheme(message);
  const mark = scheme === undefined ? '' : recipes[scheme].mark;
  return message.toString('latin1', digitBytes, digitBytes + mark.length) !== mark;
}

/**
 * Decrypts a message that begins with the digits of its scheme. A MAC is checked first. Agent output
 * comes out, perhaps with other text ahead, so its beginning proves the passphrase where there is no
 * MAC.
 *
 * @param isWrapped whether bytes that do not begin with `<<<` are yet another layer around output
 * @throws CourierError REFUSED when the passphrase is wrong, which with a MAC nobody can tell from a
 * message that was changed; MALFORMED when the message is damaged, cut short or not encrypted;
 * CONFIG when the passphrase is empty
 */
export async function decryptSymmetric(
  message: Buffer,
  passphrase: Secret,
  isWrapped: (bytes: Buffer) => boolean = () => false,
): Promise<Buffer> {
  const scheme = symmetricScheme(message);
  if (scheme === undefined) throw new CourierError('MALFORMED', 'the output is not encrypted');
  const { salt, mac, ciphertext } = takeApart(message, scheme);
  const crypto = await import('node:crypto');
  const { key, iv } = await deriveKey(crypto, scheme, passphrase, salt);
  const hasMac = mac.length > 0;
  if (hasMac && !crypto.timingSafeEqual(mac, macOf(crypto, key, [iv, ciphertext]))) {
    throw refused(scheme, 'another passphrase was used, or the output was changed on its way');
  }
  // Padding is taken off below: only then can a wrong passphrase be told from a missing end.
  const decipher = crypto.createDecipheriv('aes-256-cbc', key, iv).setAutoPadding(false);
  const padded = decipher.update(ciphertext);
  if (!hasMac && !looksLikeOutput(padded) && !isWrapped(padded)) {
    throw refused(scheme, 'another passphrase was used');
  }
  return withoutPadding(padded, scheme);
}

const brackets = Buffer.from('<<<');
const lookedAtBytes = 512;

/**
 * How many bytes prove a key: decrypted with a wrong one, so many practically always hold a control
 * character.
 */
const provingBytes = 128;

/**
 * Whether the result proves the key: `<<<` is at the beginning, or after text such as white space
 * or a banner; long text without `<<<` proves it as well.
 */
function looksLikeOutput(padded: Buffer): boolean {
  const found = padded.indexOf(brackets);
  if (found === 0) return true;
  const beginning = padded.subarray(0, Math.min(lookedAtBytes, padded.length - blockBytes));
  return (found > 0 || beginning.length >= provingBytes) && !beginning.some(isControl);
}

/**
 * Control characters that text does not have; bell to carriage return and escape may be in banners.
 */
function isControl(byte: number): boolean {
  return byte === 0x7f || (byte < 0x20 && byte !== 0x1b && (byte < 0x07 || byte > 0x0d));
}

/**
 * Encrypts, and puts the digits of the scheme in front.
 *
 * @param salt eight bytes, which `00` and `02` do without; random ones by default
 * @throws CourierError CONFIG when the passphrase is empty
 */
export async function encryptSymmetric(
  plain: Buffer,
  scheme: SymmetricScheme,
  passphrase: Secret,
  salt?: Buffer,
): Promise<Buffer> {
  const crypto = await import('node:crypto');
  const { mark, saltBytes, macBytes } = recipes[scheme];
  const usedSalt = saltBytes === 0 ? Buffer.alloc(0) : (salt ?? crypto.randomBytes(saltBytes));
  if (usedSalt.length !== saltBytes) {
    throw new CourierError('INTERNAL', `a salt of ${usedSalt.length} bytes, not ${saltBytes}`);
  }
  const { key, iv } = await deriveKey(crypto, scheme, passphrase, usedSalt);
  const cipher = crypto.createCipheriv('aes-256-cbc', key, iv);
  const ciphertext = [cipher.update(plain), cipher.final()];
  const mac = macBytes === 0 ? [] : [macOf(crypto, key, [iv, ...ciphertext])];
  return Buffer.concat([Buffer.from(scheme + mark), usedSalt, ...mac, ...ciphertext]);
}

/** How an encrypted message is damaged, by its length alone; undefined when nothing shows. */
export function findCut(message: Buffer): string | undefined {
  const scheme = symmetricScheme(message);
  try {
    if (scheme !== undefined) takeApart(message, scheme);
    return undefined;
  } catch (error) {
    if (error instanceof CourierError) return error.message;
    throw error;
  }
}

interface Parts {
  readonly salt: Buffer;
  readonly mac: Buffer;
  readonly ciphertext: Buffer;
}

function takeApart(message: Buffer, scheme: SymmetricScheme): Parts {
  const { mark, saltBytes, macBytes } = recipes[scheme];
  const saltStart = digitBytes + mark.length;
  const macStart = saltStart + saltBytes;
  const start = macStart + macBytes;
  if (message.length < start + blockBytes) throw damaged(scheme, 'it ends too early');
  if ((message.length - start) % blockBytes !== 0) {
    throw damaged(scheme, 'it does not end with a whole block');
  }
  return {
    salt: message.subarray(saltStart, macStart),
    mac: message.subarray(macStart, start),
    ciphertext: message.subarray(start),
  };
}

/** PKCS#7: as many bytes as are missing in the last block, each saying how many. */
function withoutPadding(padded: Buffer, scheme: SymmetricScheme): Buffer {
  const count = padded.at(-1) ?? 0;
  const end = padded.length - count;
  const isPadding = count > 0 && count <= blockBytes;
  if (isPadding && padded.subarray(end).every((byte) => byte === count)) {
    return padded.subarray(0, end);
  }
  throw damaged(scheme, 'its end is missing or was changed');
}

async function deriveKey(
  crypto: Crypto,
  scheme: SymmetricScheme,
  passphrase: Secret,
  salt: Buffer,
): Promise<{ readonly key: Buffer; readonly iv: Buffer }> {
  const bytes = Buffer.from(passphrase.reveal());
  if (bytes.length === 0) throw new CourierError('CONFIG', 'the passphrase is empty');
  const derived = await recipes[scheme].derive(crypto, bytes, salt);
  return { key: derived.subarray(0, keyBytes), iv: derived.subarray(keyBytes, derivedBytes) };
}

function deriveByHash(name: 'md5' | 'sha256'): Derivation {
  return async (crypto, passphrase, salt) => bytesToKey(crypto, name, [passphrase, salt]);
}

/** PBKDF2 on a thread of its own: 600,000 rounds take a quarter of a second. */
function deriveSlowly(rounds: number): Derivation {
  return (crypto, passphrase, salt) =>
    promisify(crypto.pbkdf2)(passphrase, salt, rounds, derivedBytes, 'sha256');
}

function macOf(crypto: Crypto, key: Buffer, pieces: readonly Buffer[]): Buffer {
  const mac = crypto.createHmac('sha256', key);
  for (const piece of pieces) mac.update(piece);
  return mac.digest();
}

function refused(scheme: SymmetricScheme, why: string): CourierError {
  return new CourierError('REFUSED', `the output cannot be decrypted (scheme ${scheme}): ${why}`);
}

function damaged(scheme: SymmetricScheme, how: string): CourierError {
  return new CourierError('MALFORMED', `damaged encrypted output (scheme ${scheme}): ${how}`);
}
