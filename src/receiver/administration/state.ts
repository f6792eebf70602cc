/** The receiver's state as `cmk-courier hosts` finds it, while the receiver runs or not. */

import { Accesses } from '../state/accesses.ts';
import { Hosts, type RegisteredHost } from '../state/hosts.ts';
import { type RegistrationRequest, Requests } from '../state/requests.ts';

export interface State {
  readonly hosts: Hosts;
  readonly requests: Requests;
  readonly accesses: Accesses;
}

export async function openState(directory: string): Promise<State> {
  return {
    hosts: await Hosts.open(directory),
    requests: await Requests.open(directory),
    accesses: await Accesses.open(directory),
  };
}

/** A host by its name or UUID. */
export async function findHost(
  name: string,
  { hosts }: State,
): Promise<RegisteredHost | undefined> {
  return (await hosts.list()).find(({ host, uuid }) => host === name || uuid === name);
}

/** Requests that have not led to a registration yet, the latest last. */
export function openRequests(
  requests: readonly RegistrationRequest[],
  hosts: readonly RegisteredHost[],
): readonly RegistrationRequest[] {
  const registered = new Set(hosts.map(({ uuid }) => uuid));
  return requests
    .filter(({ uuid }) => !registered.has(uuid))
    .sort((a, b) => a.requestedAt.localeCompare(b.requestedAt));
}
