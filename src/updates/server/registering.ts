/** A host gets a secret: with a token, or with the one it has (agent-updates.md#registration). */

import type { HostName } from '../../names/host-name.ts';
import type { Refusal } from '../../receiver/refusal.ts';
import { type AnswerWord, deriveSecret, findKey, type MacKey, makeNonce } from './authenticity.ts';
import type { Contacts } from './contacts.ts';
import type { Form } from './forms.ts';
import type { Identities, Identity } from './identities.ts';
import { firstRow } from './request-counter.ts';
import type { Token, Tokens } from './tokens.ts';

export interface Registry {
  readonly identities: Identities;
  readonly contacts: Contacts;
  readonly tokens: Tokens;
  readonly clock: { now(): number };
}

/** What the host is answered with. */
export interface Registered {
  readonly key: MacKey;
  readonly say: AnswerWord;
  readonly serverNonce: string;
}

interface Sender {
  readonly form: Form;
  readonly address: string;
  /** What everybody gets whose token is none. */
  readonly refuse: () => Refusal;
}

/**
 * Registers a host that has a token. The same request again gets the same answer while the token
 * lives: the host may have lost it.
 *
 * @throws Refusal for a token that is wrong, expired, used or of another host; all alike
 */
export async function registerWithToken(
  registry: Registry,
  { form, address, refuse }: Sender,
): Promise<Registered> {
  const claim = { path: '/v1/register', signedText: form.signedText, mac: form.mac };
  const nowMs = registry.clock.now();
  // Without a lock: who has no token is to cost nothing.
  if (findKey(claim, [(await registry.tokens.read(form.host))?.token, undefined]) === undefined) {
    throw refuse();
  }
  let answer: Registered | undefined;
  await registry.tokens.update(form.host, async (token) => {
    const key = findKey(claim, [token?.token, undefined]);
    if (token === undefined || key === undefined) throw refuse();
    if (Date.parse(token.expiresAt) <= nowMs) throw refuse();
    if (token.used !== undefined) {
      if (token.used.nonce !== form.nonce) throw refuse();
      answer = { key, say: 'registered', serverNonce: token.used.serverNonce };
      return token;
    }
    const serverNonce = makeNonce();
    answer = { key, say: 'registered', serverNonce };
    await keepSecret(registry, { form, address, key, serverNonce });
    return used(token, { at: new Date(nowMs).toISOString(), nonce: form.nonce, serverNonce });
  });
  if (answer === undefined) throw refuse();
  return answer;
}

function used(token: Token, use: NonNullable<Token['used']>): Token {
  return { ...token, used: use };
}

/** Gives a host that has shown its secret another one. */
export async function rotateSecret(
  registry: Registry,
  { form, address, key }: { readonly form: Form; readonly address: string; readonly key: MacKey },
): Promise<Registered> {
  const serverNonce = makeNonce();
  await keepPending(registry, form.host, (before) => {
    if (before === undefined) return before;
    const pending = deriveSecret(key, { host: form.host, nonce: form.nonce, serverNonce });
    return { ...before, pending, registeredAt: isoNow(registry), registeredFrom: address };
  });
  return { key, say: 'registered', serverNonce };
}

interface NewSecret {
  readonly form: Form;
  readonly address: string;
  readonly key: MacKey;
  readonly serverNonce: string;
}

/** The secret there was stays good until the new one is used, unless the host was revoked. */
async function keepSecret(
  registry: Registry,
  { form: { host, nonce, counter }, address, key, serverNonce }: NewSecret,
): Promise<void> {
  const pending = deriveSecret(key, { host, nonce, serverNonce });
  await registry.contacts.begin(host, (row) =>
    firstRow(row !== undefined && row.counter > counter ? row.counter : counter),
  );
  await keepPending(registry, host, (before) => {
    const known = before?.revokedAt === undefined ? before : undefined;
    return {
      host,
      ...(known?.secret === undefined ? {} : { secret: known.secret }),
      ...(before?.excluded === undefined ? {} : { excluded: before.excluded }),
      pending,
      rotate: false,
      registeredAt: isoNow(registry),
      registeredFrom: address,
    };
  });
}

async function keepPending(
  { identities }: Registry,
  host: HostName,
  change: (before: Identity | undefined) => Identity | undefined,
): Promise<void> {
  await identities.update(host, change);
}

/** ISO 8601, UTC. */
export function isoNow({ clock }: Pick<Registry, 'clock'>): string {
  return new Date(clock.now()).toISOString();
}
