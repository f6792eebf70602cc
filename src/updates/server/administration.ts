/** What an administrator decides about hosts, each with a line in the audit log. */

import type { CommandContext } from '../../cli/command.ts';
import { CourierError } from '../../faults/errors.ts';
import type { HostName } from '../../names/host-name.ts';
import { formatDuration } from '../../times/durations.ts';
import { recordDecision, userOf } from '../repository/audit.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { makeMacKey } from './authenticity.ts';
import { Contacts } from './contacts.ts';
import { Identities, type Identity } from './identities.ts';
import { Tokens } from './tokens.ts';

type Actor = Pick<CommandContext, 'env' | 'clock'>;

/** A new token, in the place of the one the host had. */
export async function makeToken(
  places: UpdatePlaces,
  { host, validMs }: { readonly host: HostName; readonly validMs: number },
  actor: Actor,
): Promise<{ readonly token: string; readonly expiresAt: string }> {
  const nowMs = actor.clock.now();
  const tokens = await Tokens.open(places);
  await tokens.prune(nowMs);
  const token = makeMacKey();
  const expiresAt = new Date(nowMs + validMs).toISOString();
  const after = `token valid for ${formatDuration(validMs)}`;
  await recordDecision(places, { what: `host ${host}`, before: '-', after }, actor);
  const madeAt = new Date(nowMs).toISOString();
  await tokens.write(host, { host, token, madeAt, madeBy: userOf(actor.env), expiresAt });
  return { token, expiresAt };
}

/** Words of an administrator, and what they make of a host. */
const hostVerbs = ['revoke', 'rotate-secret', 'exclude', 'include', 'forget'] as const;
export type HostVerb = (typeof hostVerbs)[number];

interface Wish {
  readonly verb: HostVerb;
  readonly host: HostName;
  /** Why a host is excluded. */
  readonly why: string;
}

/**
 * Changes a host; it holds with the next request of the host.
 *
 * @returns what has become of it, in words
 * @throws CourierError CONFIG for a host that is not registered; LOCAL
 */
export async function changeHost(places: UpdatePlaces, wish: Wish, actor: Actor): Promise<string> {
  const identities = await Identities.open(places);
  const { host, verb } = wish;
  const before = await identities.read(host);
  if (before === undefined) {
    const how = `cmk-courier updates register-token ${host}`;
    throw new CourierError('CONFIG', `${host} is not registered for updates; ${how}`);
  }
  const decision = { what: `host ${host}`, before: describe(before), after: verb };
  await recordDecision(places, decision, actor);
  if (verb === 'forget') {
    await identities.remove(host);
    await (await Contacts.open(places, actor.clock)).remove(host);
    await (await Tokens.open(places)).remove(host);
    return `${host} is forgotten`;
  }
  if (verb === 'revoke') await (await Tokens.open(places)).remove(host);
  await identities.update(host, (known) => known && changed(known, wish, actor));
  return words[verb](host);
}

const words: Readonly<Record<Exclude<HostVerb, 'forget'>, (host: string) => string>> = {
  revoke: (host) => `${host} is revoked: it gets nothing until it registers with a new token`,
  'rotate-secret': (host) => `${host} is told to take another secret when it asks the next time`,
  exclude: (host) => `${host} is excluded: it is offered nothing`,
  include: (host) => `${host} takes part again`,
};

function changed(identity: Identity, { verb, why }: Wish, { env, clock }: Actor): Identity {
  const since = new Date(clock.now()).toISOString();
  const { excluded: _, ...included } = identity;
  switch (verb) {
    case 'revoke': {
      const { secret: _secret, pending: _pending, ...rest } = identity;
      return { ...rest, rotate: false, revokedAt: since };
    }
    case 'rotate-secret':
      return { ...identity, rotate: true };
    case 'exclude':
      return { ...identity, excluded: { since, by: userOf(env), why } };
    case 'include':
    case 'forget':
      return included;
  }
}

function describe({ revokedAt, excluded, rotate }: Identity): string {
  if (revokedAt !== undefined) return `revoked ${revokedAt}`;
  if (excluded !== undefined) return `excluded ${excluded.since}`;
  return rotate ? 'about to take another secret' : 'registered';
}
