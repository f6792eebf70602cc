/** What `cmk-courier hosts` does to the receiver's state, while the receiver runs or not. */

import { Revocations } from '../certs/revocation.ts';
import { CourierError, quote } from '../faults/errors.ts';
import type { HostName } from '../names/host-name.ts';
import { type Access, Accesses } from './state/accesses.ts';
import { Hosts, type RegisteredHost } from './state/hosts.ts';
import { type RegistrationRequest, Requests } from './state/requests.ts';

interface State {
  readonly hosts: Hosts;
  readonly requests: Requests;
  readonly accesses: Accesses;
}

async function openState(directory: string): Promise<State> {
  return {
    hosts: await Hosts.open(directory),
    requests: await Requests.open(directory),
    accesses: await Accesses.open(directory),
  };
}

/** Everything there is, as text or JSON; hashes are not shown. */
export async function list(directory: string, asJson: boolean): Promise<string> {
  const state = await openState(directory);
  const hosts = await state.hosts.list();
  const requests = await state.requests.list();
  const accesses = (await state.accesses.list()).map(({ hash: _, ...shown }) => shown);
  if (asJson) return `${JSON.stringify({ hosts, requests, accesses }, null, 2)}\n`;
  const lines = [
    ...hosts.map(describeHost),
    ...requests.map(describeRequest),
    ...accesses.map(describeAccess),
  ];
  return lines.length === 0 ? 'no hosts, requests, users or tokens\n' : `${lines.join('\n')}\n`;
}

function describeHost(record: RegisteredHost): string {
  const { host, uuid, mode, registeredAt, registeredBy, piggyback } = record;
  const also = piggyback.length === 0 ? '' : `, piggyback for ${piggyback.join(' ')}`;
  return `registered ${host} ${uuid} ${mode} since ${registeredAt} by ${registeredBy}${also}`;
}

const words = { new: 'waiting', allowed: 'allowed', declined: 'declined' } as const;

function describeRequest(request: RegistrationRequest): string {
  const { host, uuid, state, requestedAt, requestedBy, address } = request;
  return `${words[state]} ${host} ${uuid} asked ${requestedAt} by ${requestedBy} from ${address}`;
}

function describeAccess(access: Omit<Access, 'hash'>): string {
  const { kind, id, hosts, piggyback, expiresAt } = access;
  const name = kind === 'user' ? `user ${id}` : `${kind} token ${id}`;
  const also = piggyback.length === 0 ? '' : `, piggyback for ${piggyback.join(' ')}`;
  return `${name} for ${hosts.join(' ')}${also}, ${expiresAt === null ? 'for ever' : `until ${expiresAt}`}`;
}

export interface Allowance {
  /** Another name than the host asked for. */
  readonly as: HostName | undefined;
  readonly piggyback: readonly string[];
}

/**
 * Allows requests by host name or UUID; of a host that is registered already, sets whom its
 * piggyback may be for.
 *
 * @throws CourierError USAGE when there is nothing of that name
 */
export async function allow(
  directory: string,
  names: readonly string[],
  { as, piggyback }: Allowance,
): Promise<string> {
  if (as !== undefined && names.length > 1) {
    throw new CourierError('USAGE', '--as goes with one name only');
  }
  const state = await openState(directory);
  const lines: string[] = [];
  for (const name of names) {
    const request = await findRequest(name, state);
    const registered = request === undefined ? await findHost(name, state) : undefined;
    if (request !== undefined) {
      lines.push(await allowRequest(request, state, { as, piggyback }));
    } else if (registered !== undefined && piggyback.length > 0) {
      await state.hosts.link({ ...registered, piggyback: [...piggyback] });
      lines.push(`allowed ${registered.host} piggyback for ${piggyback.join(' ')}\n`);
    } else {
      throw new CourierError('USAGE', `no host ${quote(name)} waits to be registered`);
    }
  }
  return lines.join('');
}

/** The receiver does the rest when the host asks again. */
async function allowRequest(
  request: RegistrationRequest,
  { requests }: State,
  { as, piggyback }: Allowance,
): Promise<string> {
  const host = as ?? request.host;
  await requests.write({
    ...request,
    host,
    state: 'allowed',
    allowedBy: 'hand',
    reason: null,
    piggyback: [...new Set([...request.piggyback, ...piggyback])],
  });
  return `allowed ${host} ${request.uuid}; registered as soon as it asks again\n`;
}

/** @throws CourierError USAGE when nobody of that name waits */
export async function deny(
  directory: string,
  names: readonly string[],
  reason: string | undefined,
): Promise<string> {
  const state = await openState(directory);
  const lines: string[] = [];
  for (const name of names) {
    const request = await findRequest(name, state);
    if (request === undefined) {
      throw new CourierError('USAGE', `no host ${quote(name)} waits to be registered`);
    }
    await state.requests.write({
      ...request,
      state: 'declined',
      allowedBy: null,
      reason: reason ?? null,
    });
    lines.push(`declined ${request.host} ${request.uuid}\n`);
  }
  return lines.join('');
}

export interface TokenWish {
  readonly registration: boolean;
  readonly user: string | undefined;
  readonly mode: Access['mode'];
  readonly piggyback: readonly string[];
  readonly valid: number | undefined;
  readonly now: number;
}

const registrationMs = 7 * 86_400_000;

/** The new token or password on a line of its own; it is shown this once. */
export async function makeToken(
  directory: string,
  patterns: readonly string[],
  wish: TokenWish,
): Promise<string> {
  const { registration, user, mode, piggyback, valid, now } = wish;
  if (registration && user !== undefined) {
    throw new CourierError('USAGE', '--registration and --user exclude each other');
  }
  const accesses = await Accesses.open(directory);
  const kind = registration ? 'registration' : user === undefined ? 'upload' : 'user';
  const { secret } = await accesses.make({
    kind,
    hosts: patterns,
    piggyback,
    mode,
    now,
    validMs: valid ?? (registration ? registrationMs : undefined),
    ...(user === undefined ? {} : { name: user }),
  });
  return `${secret}\n`;
}

export interface Revoking {
  /** Where the deny list is; undefined leaves the certificates good. */
  readonly certificates: string | undefined;
  readonly now: number;
}

/**
 * Takes hosts, users and tokens their rights.
 *
 * @throws CourierError USAGE when there is nothing of that name
 */
export async function revoke(
  directory: string,
  names: readonly string[],
  revoking: Revoking,
): Promise<string> {
  const state = await openState(directory);
  const lines: string[] = [];
  for (const name of names) {
    const registered = await findHost(name, state);
    const access = (await state.accesses.list()).find(({ id }) => id === name);
    if (registered === undefined && access === undefined) {
      throw new CourierError('USAGE', `there is no host, user or token ${quote(name)}`);
    }
    if (registered !== undefined) lines.push(await revokeHost(registered, state, revoking));
    if (access !== undefined) {
      await state.accesses.remove(access);
      lines.push(`revoked ${access.kind === 'user' ? 'user' : 'token'} ${access.id}\n`);
    }
  }
  return lines.join('');
}

/** The link goes first: it is what every request asks for. */
async function revokeHost(
  { host, uuid, certificates }: RegisteredHost,
  state: State,
  { certificates: directory, now }: Revoking,
): Promise<string> {
  await state.hosts.remove(host);
  await state.requests.remove(uuid);
  if (directory === undefined) return `forgot ${host} ${uuid}\n`;
  const revocations = await Revocations.load(directory);
  for (const { serial } of certificates) await revocations.add(serial, uuid, new Date(now));
  return `revoked ${host} ${uuid}, ${certificates.length} certificates\n`;
}

async function findHost(name: string, { hosts }: State): Promise<RegisteredHost | undefined> {
  return (await hosts.list()).find(({ host, uuid }) => host === name || uuid === name);
}

/** Of several requests for one host, the latest. */
async function findRequest(
  name: string,
  { requests }: State,
): Promise<RegistrationRequest | undefined> {
  const found = (await requests.list()).filter(({ host, uuid }) => host === name || uuid === name);
  return found.sort((a, b) => a.requestedAt.localeCompare(b.requestedAt)).at(-1);
}
