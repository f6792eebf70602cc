/** Who may register hosts, and how often somebody may fail at it. */

import type { Exchange } from '../exchange.ts';
import { matchesPattern } from '../patterns.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import type { Access, Right } from '../state/accesses.ts';

/** What is needed to get in. */
export interface Entrance {
  readonly kinds: readonly Access['kind'][];
  readonly right: Right;
}

/** A user or token that may do this. */
export async function authorise(
  exchange: Exchange,
  { credentials }: Services,
  { kinds, right }: Entrance,
): Promise<Access> {
  const { authorization } = exchange.request.headers;
  const access = await credentials.authenticate(authorization, exchange.address, kinds);
  exchange.note.by = nameOf(access);
  if (access.rights.includes(right)) return access;
  throw new Refusal('forbidden', 'not allowed to register hosts here');
}

export function nameOf({ kind, id }: Access): string {
  return `${kind === 'user' ? 'user' : 'token'} ${id}`;
}

export function requireHost(access: Access, host: string): void {
  if (matchesPattern(host, access.hosts)) return;
  throw new Refusal('forbidden', 'not allowed to register this host');
}

/**
 * The final check, with the host's record locked: the access may have been revoked while the rest
 * of the request was awaited. A registration token is used up.
 *
 * @throws Refusal
 */
export function admit(access: Access, host: string, { state }: Services): Promise<void> {
  return state.accesses.admit(access, (now) => {
    if (now?.createdAt !== access.createdAt) {
      throw new Refusal('unauthenticated', 'these credentials are not accepted');
    }
    requireHost(now, host);
  });
}

/**
 * Runs a registration. Successes are never limited; failures beyond the limit a minute of one
 * address and identity are told when to come again.
 */
export async function countFailures<Result>(
  exchange: Exchange,
  access: Access,
  { registrations }: Services,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Refusal) || error.status >= 500) throw error;
    const retryAfterS = registrations.take(`${exchange.address} ${nameOf(access)}`);
    if (retryAfterS === undefined) throw error;
    const message = `${error.message}; there were too many failed registrations, come again in ${retryAfterS}s`;
    throw new Refusal('too-many', message, { cause: error, retryAfterS });
  }
}
