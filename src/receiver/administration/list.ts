/** `cmk-courier hosts list`: who may send, who asks to, and what is damaged. */

import { isWayOf } from '../../relay/looking.ts';
import { listRelayedHosts, type RelayedHost } from '../../relay/records.ts';
import { readNewestHeads } from '../../spool/reading.ts';
import type { Access } from '../state/accesses.ts';
import { allPiggyback, type RegisteredHost } from '../state/hosts.ts';
import type { RegistrationRequest } from '../state/requests.ts';
import { openRequests, openState } from './state.ts';

/** Directories of the receiver; each throws CourierError USAGE where it is not known. */
interface Places {
  readonly state: () => string;
  readonly spool: () => string;
}

/** Everything there is, as text or JSON, no host twice; hashes are not shown. */
export async function list(places: Places, asJson: boolean): Promise<string> {
  const state = await openState(places.state());
  const relayed = await findRelayed(places);
  const [hosts, asked, accesses] = [
    await state.hosts.inspect(),
    await state.requests.inspect(),
    await state.accesses.inspect(),
  ];
  const requests = openRequests(asked.values, hosts.values);
  const damaged = [hosts, asked, accesses].flatMap((one) =>
    one.damaged.map(({ message }) => message),
  );
  if (asJson) {
    const shown = {
      hosts: hosts.values.map(toShown),
      requests,
      accesses: accesses.values.map(({ hash: _, ...access }) => access),
      relayed: relayed.map(({ host, relayName, others = [] }) => ({
        ...{ host, relay: relayName, others },
      })),
      damaged,
    };
    return `${JSON.stringify(shown, null, 2)}\n`;
  }
  const lines = [
    ...describeHosts(hosts.values, requests),
    ...accesses.values.map((access) => `${describeAccess(access)}, ${describeEnd(access)}`),
    ...relayed.map(describeRelayed),
    ...damaged.map((message) => `damaged: ${message}`),
  ];
  return lines.length === 0
    ? 'no hosts, requests, users, tokens or certificates\n'
    : `${lines.join('\n')}\n`;
}

/** Hosts whose way is a relay still. Where only the state is known, nothing is known of relays. */
async function findRelayed({ spool }: Places): Promise<readonly RelayedHost[]> {
  let directory: string;
  try {
    directory = spool();
  } catch {
    return [];
  }
  const all = await listRelayedHosts(directory);
  if (all.length === 0) return all;
  const newest = await readNewestHeads(directory, new Set(all.map(({ host }) => host)));
  return all.filter((about) => isWayOf(about, newest.get(about.host)));
}

function describeRelayed({ host, relayName, others = [], fault }: RelayedHost): string {
  const also = others.length === 0 ? '' : `, as does ${others.join(' and ')}`;
  const now = fault === undefined ? '' : `; ${fault.code} since the last cycle`;
  return `relayed ${host} by ${relayName}${also}${now}`;
}

function toShown(record: RegisteredHost) {
  const { allowedPiggyback: _, tookOver = null, ...shown } = record;
  return { ...shown, piggyback: allPiggyback(record), tookOver };
}

/** Requests stand below the host whose name they want. */
function describeHosts(
  hosts: readonly RegisteredHost[],
  requests: readonly RegistrationRequest[],
): readonly string[] {
  const registered = hosts.flatMap((record) => [
    describeHost(record),
    ...requests
      .filter(({ host }) => host === record.host)
      .map((request) => `  ${describeRequest(request)}, to take it over`),
  ]);
  const names = new Set(hosts.map(({ host }) => host));
  const others = Map.groupBy(
    requests.filter(({ host }) => !names.has(host)),
    ({ host }) => host,
  );
  const waiting = [...others.values()].flatMap((group) =>
    group.map((request, n) => `${n === 0 ? '' : '  '}${describeRequest(request)}`),
  );
  return [...registered, ...waiting];
}

function describeHost(record: RegisteredHost): string {
  const { host, uuid, mode, registeredAt, registeredBy, tookOver } = record;
  const from =
    tookOver === undefined
      ? ''
      : `, taken over ${tookOver.at} from ${tookOver.uuid} (${tookOver.registeredBy})`;
  const also = describePiggyback(allPiggyback(record));
  return `registered ${host} ${uuid} ${mode} since ${registeredAt} by ${registeredBy}${also}${from}`;
}

const words = { new: 'waiting', allowed: 'allowed', declined: 'declined' } as const;

function describeRequest(request: RegistrationRequest): string {
  const { host, uuid, state, requestedAt, requestedBy, address } = request;
  return `${words[state]} ${host} ${uuid} asked ${requestedAt} by ${requestedBy} from ${address}`;
}

/** What it is and for whom, such as `upload token 1a2b… "backup" for web*`. */
export function describeAccess(access: Access): string {
  const { hosts, piggyback } = access;
  return `${nameAccess(access)} for ${hosts.join(' ')}${describePiggyback(piggyback)}`;
}

export function nameAccess({ kind, id, name }: Access): string {
  if (kind === 'user') return `user ${id}`;
  const what = kind === 'certificate' ? kind : `${kind} token`;
  return `${what} ${id}${name === '' ? '' : ` "${name}"`}`;
}

function describeEnd({ kind, expiresAt, certificates = [] }: Access): string {
  const end = expiresAt === null ? 'for ever' : `until ${expiresAt}`;
  if (kind !== 'certificate') return end;
  const ends = certificates.map(({ notAfter }) => notAfter).sort();
  return `${end}; its newest certificate ends ${ends.at(-1) ?? 'now'}`;
}

function describePiggyback(piggyback: readonly string[]): string {
  return piggyback.length === 0 ? '' : `, piggyback for ${piggyback.join(' ')}`;
}
