/** Passwords and tokens as they are kept: salted, and slow to guess. */

import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { CourierError } from '../faults/errors.ts';

type Cost = { readonly N: number; readonly r: number; readonly p: number };

const derive: (text: string, salt: Buffer, bytes: number, cost: Cost) => Promise<Buffer> =
  promisify(scrypt);

const cost = { N: 2 ** 14, r: 8, p: 1 } as const;
const hashBytes = 32;
const dearest = 2 ** 17;

/** `scrypt:N:r:p:salt:hash`, the last two in base64url. */
export async function hashSecret(text: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(text, salt, hashBytes, cost);
  const numbers = [cost.N, cost.r, cost.p].join(':');
  return `scrypt:${numbers}:${salt.toString('base64url')}:${hash.toString('base64url')}`;
}

/**
 * Whether `text` is what was hashed; takes as long either way.
 *
 * @throws CourierError CONFIG when the hash is not one of ours
 */
export async function isSecret(text: string, hashed: string): Promise<boolean> {
  const found = /^scrypt:(\d{1,6}):(\d{1,2}):(\d{1,2}):([\w-]+):([\w-]{43})$/.exec(hashed);
  const [, N, r, p, salt = '', hash = ''] = found ?? [];
  const asked = { N: Number(N), r: Number(r), p: Number(p) };
  if (found === null || asked.N > dearest || asked.r > 16 || asked.p > 4) {
    throw new CourierError('CONFIG', 'a stored hash of a password or token is damaged');
  }
  const expected = Buffer.from(hash, 'base64url');
  const given = await derive(text, Buffer.from(salt, 'base64url'), expected.length, asked);
  return timingSafeEqual(given, expected);
}

/** The name a token's file has: tells nothing about the token, and finds it at once. */
export function tokenId(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 16);
}
