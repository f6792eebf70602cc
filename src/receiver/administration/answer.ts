/** `cmk-courier hosts allow` and `deny`: the answer to hosts that ask to be registered. */

import { CourierError, quote } from '../../faults/errors.ts';
import type { HostName } from '../../names/host-name.ts';
import { allPiggyback, type RegisteredHost } from '../state/hosts.ts';
import type { RegistrationRequest } from '../state/requests.ts';
import {
  findHost,
  forEachName,
  type Outcome,
  openRequests,
  openState,
  type State,
} from './state.ts';

export interface Allowance {
  /** Another name than the host asked for. */
  readonly as: HostName | undefined;
  readonly piggyback: readonly string[];
  readonly now: number;
}

/**
 * Allows requests by host name or UUID; of a host that is registered already, sets whom its
 * piggyback may be for, which stays when it registers again.
 *
 * @returns a fault USAGE when there is nothing of a name, or more than one thing
 * @throws CourierError USAGE when --as is given with several
 */
export async function allow(
  directory: string,
  names: readonly string[],
  allowance: Allowance,
): Promise<Outcome> {
  if (allowance.as !== undefined && names.length > 1) {
    throw new CourierError('USAGE', '--as goes with one name only');
  }
  const state = await openState(directory);
  return forEachName(names, async (name) => [await allowOne(name, state, allowance)]);
}

async function allowOne(name: string, state: State, allowance: Allowance): Promise<string> {
  const { piggyback } = allowance;
  const request = await findRequest(name, state);
  const registered = await findHost(name, state);
  if (request !== undefined) {
    if (registered !== undefined && piggyback.length > 0) throw ambiguous(registered, request);
    return allowRequest(request, state, allowance);
  }
  if (registered === undefined) throw nobodyWaits(name);
  if (piggyback.length > 0) return allowPiggyback(registered, state, piggyback);
  throw new CourierError('USAGE', `${registered.host} is registered, and nobody else asks for it`);
}

/** A yes that was meant for one of them must not let the other in. */
function ambiguous({ host, uuid }: RegisteredHost, request: RegistrationRequest): CourierError {
  const other = `${request.uuid} (${request.requestedBy}) asks to take it over`;
  return new CourierError('USAGE', `${host} is registered as ${uuid}, and ${other}: say which`);
}

async function allowPiggyback(
  { host }: RegisteredHost,
  { hosts }: State,
  piggyback: readonly string[],
): Promise<string> {
  let after: RegisteredHost | undefined;
  await hosts.change(host, (before) => {
    // Older records do not tell what was allowed by hand.
    const own = before.allowedPiggyback === undefined ? [] : before.piggyback;
    after = { ...before, piggyback: own, allowedPiggyback: [...piggyback] };
    return after;
  });
  if (after === undefined) throw nobodyWaits(host);
  return `allowed ${host} piggyback for ${allPiggyback(after).join(' ')}`;
}

/** The receiver does the rest when the host asks again. */
async function allowRequest(
  asked: RegistrationRequest,
  state: State,
  { as, piggyback, now }: Allowance,
): Promise<string> {
  if (as !== undefined && asked.takesOver !== null) {
    throw new CourierError('USAGE', '--as does not go with a host that is to be taken over');
  }
  const host = as ?? asked.host;
  await answer(asked, state, {
    host,
    state: 'allowed',
    allowedBy: 'hand',
    reason: null,
    answeredAt: new Date(now).toISOString(),
    allowedPiggyback: [...new Set([...asked.allowedPiggyback, ...piggyback])],
  });
  const old = await state.hosts.byName(host);
  const place = old === undefined ? '' : ` in the place of ${old.uuid} (${old.registeredBy})`;
  const next =
    asked.takesOver === null
      ? 'registered as soon as it asks again'
      : `${asked.requestedBy} may register it once more, within a day`;
  return `allowed ${host} ${asked.uuid}${place}; ${next}`;
}

export interface Denial {
  /** What the host is told. */
  readonly reason: string | undefined;
  readonly now: number;
}

/** @returns a fault USAGE when nobody waits under a name */
export async function deny(
  directory: string,
  names: readonly string[],
  { reason, now }: Denial,
): Promise<Outcome> {
  const state = await openState(directory);
  return forEachName(names, async (name) => {
    const request = await findRequest(name, state);
    if (request === undefined) throw nobodyWaits(name);
    await answer(request, state, {
      state: 'declined',
      allowedBy: null,
      reason: reason ?? null,
      answeredAt: new Date(now).toISOString(),
    });
    return [`declined ${request.host} ${request.uuid}`];
  });
}

async function answer(
  { uuid, host }: RegistrationRequest,
  { requests }: State,
  change: Partial<RegistrationRequest>,
): Promise<void> {
  const after = await requests.update(uuid, (before) => before && { ...before, ...change });
  if (after === undefined) throw nobodyWaits(host);
}

/** The latest of several requests for one host by the same sender; others have to be told apart. */
async function findRequest(name: string, state: State): Promise<RegistrationRequest | undefined> {
  const open = openRequests(await state.requests.list(), await state.hosts.list());
  const found = open.filter(({ host, uuid }) => host === name || uuid === name);
  const waiting = found.filter((request) => request.state === 'new');
  if (new Set(waiting.map(({ requestedBy }) => requestedBy)).size > 1) {
    const all = waiting.map(({ uuid, requestedBy }) => `${uuid} (${requestedBy})`).join(', ');
    throw new CourierError('USAGE', `several ask for ${name}, say which: ${all}`);
  }
  return waiting.at(-1) ?? found.at(-1);
}

function nobodyWaits(name: string): CourierError {
  return new CourierError('USAGE', `no host ${quote(name)} waits to be registered`);
}
