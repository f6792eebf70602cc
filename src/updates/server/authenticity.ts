/** What host and server prove with a secret, without ever sending it (agent-updates.md#mac). */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** A secret or a token: 64 hexadecimal digits, which are the key as they are. */
export type MacKey = string;

export const macKeyText = /^[0-9a-f]{64}$/;

/** 256 bits. */
export function makeMacKey(): MacKey {
  return randomBytes(32).toString('hex');
}

export function makeNonce(): string {
  return randomBytes(16).toString('hex');
}

/** What a request has to prove. */
export interface Claim {
  /** From `/v1/` on. */
  readonly path: string;
  readonly signedText: string;
  readonly mac: string;
}

/** Compared with when there is no key, so that an unknown host takes as long as a known one. */
const nobody = makeMacKey();

/** The key that a request was made with; always as many are tried, in the same time. */
export function findKey(
  { path, signedText, mac }: Claim,
  candidates: readonly [MacKey | undefined, MacKey | undefined],
): MacKey | undefined {
  const text = `POST\n${path}\n${signedText}\n`;
  const given = Buffer.from(mac, 'hex');
  let found: MacKey | undefined;
  for (const key of candidates) {
    const isRight = timingSafeEqual(hmac(key ?? nobody, text), given);
    if (isRight && key !== undefined) found = key;
  }
  return found;
}

/** The secret that both ends make of what they have in common. */
export function deriveSecret(
  key: MacKey,
  {
    host,
    nonce,
    serverNonce,
  }: { readonly host: string; readonly nonce: string; readonly serverNonce: string },
): MacKey {
  const text = `courier-host-secret\n${host}\n${nonce}\n${serverNonce}\n`;
  return hmac(key, text).toString('hex');
}

export type AnswerWord = 'registered' | 'taken' | 'counter' | 'rotate-secret';

export interface SignedAnswer {
  readonly path: string;
  readonly host: string;
  /** Of the request. */
  readonly nonce: string;
  readonly say: AnswerWord;
  /** The highest request counter of the host. */
  readonly counter: string;
  readonly serverNonce?: string;
}

/** An answer with its MAC (agent-updates.md#answers). */
export function writeAnswer(answer: SignedAnswer, key: MacKey): string {
  const text = [
    'format cmk-courier-answer/1',
    `path ${answer.path}`,
    `host ${answer.host}`,
    `nonce ${answer.nonce}`,
    `say ${answer.say}`,
    `counter ${answer.counter}`,
    `server-nonce ${answer.serverNonce ?? '-'}`,
    '',
  ].join('\n');
  return `${text}mac ${hmac(key, text).toString('hex')}\n`;
}

function hmac(key: MacKey, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
