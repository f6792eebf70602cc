/**
 * Passwords and tokens as they are stored: hashes of passwords are slow; tokens are too random to
 * guess.
 */

import { createHmac, hash, randomBytes, randomUUID, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { CourierError } from '../faults/errors.ts';

type Cost = { readonly N: number; readonly r: number; readonly p: number };

const derive: (text: string, salt: Buffer, bytes: number, cost: Cost) => Promise<Buffer> =
  promisify(scrypt);

const cost = { N: 2 ** 14, r: 8, p: 1 } as const;
const hashBytes = 32;
const dearest = 2 ** 17;

/** `scrypt:N:r:p:salt:hash`, the last two in base64url; for passwords, which may be guessed. */
export async function hashPassword(text: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(text, salt, hashBytes, cost);
  const numbers = [cost.N, cost.r, cost.p].join(':');
  return `scrypt:${numbers}:${salt.toString('base64url')}:${hash.toString('base64url')}`;
}

/**
 * Whether `text` is what was hashed; takes some 40 ms of a processor either way.
 *
 * @throws CourierError CONFIG when the hash is not one of ours
 */
export async function isPassword(text: string, hashed: string): Promise<boolean> {
  const found = /^scrypt:(\d{1,6}):(\d{1,2}):(\d{1,2}):([\w-]+):([\w-]{43})$/.exec(hashed);
  const [, N, r, p, salt = '', hash = ''] = found ?? [];
  const asked = { N: Number(N), r: Number(r), p: Number(p) };
  if (found === null || asked.N > dearest || asked.r > 16 || asked.p > 4) throw damaged();
  const expected = Buffer.from(hash, 'base64url');
  const given = await derive(text, Buffer.from(salt, 'base64url'), expected.length, asked);
  return timingSafeEqual(given, expected);
}

/** `hmac-sha256:key:hash`, both in base64url: what is random need not be slow to guess. */
export function hashToken(token: string): string {
  const key = randomBytes(16);
  return `${fastMark}${key.toString('base64url')}:${digest(token, key).toString('base64url')}`;
}

const fastMark = 'hmac-sha256:';

/**
 * Whether a hash is checked with {@link isToken}; tokens of older versions have a hash like
 * passwords.
 */
export function isFastHash(hashed: string): boolean {
  return hashed.startsWith(fastMark);
}

/**
 * Whether `token` is what was hashed; takes microseconds.
 *
 * @throws CourierError CONFIG when the hash is not one of ours
 */
export function isToken(token: string, hashed: string): boolean {
  const found = /^hmac-sha256:([\w-]{22}):([\w-]{43})$/.exec(hashed);
  if (found === null) throw damaged();
  const [, key = '', hash = ''] = found;
  const given = digest(token, Buffer.from(key, 'base64url'));
  return timingSafeEqual(given, Buffer.from(hash, 'base64url'));
}

function digest(token: string, key: Buffer): Buffer {
  return createHmac('sha256', key).update(token).digest();
}

function damaged(): CourierError {
  return new CourierError('CONFIG', 'a stored hash of a password or token is damaged');
}

export interface NewToken {
  /** What its record is called; it stands in the token, so that it is found at once. */
  readonly id: string;
  readonly token: string;
}

/** `<16 digits>.<192 random bits>`. */
export function makeUploadToken(): NewToken {
  const id = randomBytes(8).toString('hex');
  return { id, token: `${id}.${randomBytes(24).toString('base64url')}` };
}

/** `0:` and a UUID, as agent controllers want it; its first 12 digits are the id, 74 random bits follow. */
export function makeRegistrationToken(): NewToken {
  const token = `0:${randomUUID()}`;
  return { id: idInRegistrationToken(token) ?? '', token };
}

export interface TokenIds {
  /** Undefined in tokens of older versions without ids, and in texts that are no token of ours. */
  readonly inside: string | undefined;
  /** The id under which tokens without one are found; made when it is asked for. */
  readonly hashed: string;
}

/** The names that the record of a token may have. */
export function idsOfToken(token: string): TokenIds {
  const inside = /^([\da-f]{16})\.[\w-]{32}$/.exec(token)?.[1] ?? idInRegistrationToken(token);
  return {
    inside,
    get hashed() {
      return hash('sha256', token).slice(0, 16);
    },
  };
}

function idInRegistrationToken(token: string): string | undefined {
  const [, start, next] = /^0:([\da-f]{8})-([\da-f]{4})-[\da-f-]{22}$/.exec(token) ?? [];
  return start === undefined || next === undefined ? undefined : start + next;
}
