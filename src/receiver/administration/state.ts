/** The receiver's state as `cmk-courier hosts` finds it, while the receiver runs or not. */

import { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
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

/** The outcome for several names: what was done is told even when one of them failed. */
export interface Outcome {
  /** Lines for people. */
  readonly text: string;
  readonly fault: CourierError | undefined;
}

/** Does the work for each name; one that fails stops no other. */
export async function forEachName(
  names: readonly string[],
  work: (name: string) => Promise<readonly string[]>,
): Promise<Outcome> {
  const lines: string[] = [];
  const faults: CourierError[] = [];
  for (const name of names) {
    try {
      lines.push(...(await work(name)));
    } catch (error) {
      faults.push(asCourierError(error, name));
    }
  }
  const text = lines.map((line) => `${line}\n`).join('');
  const [first, ...others] = faults;
  if (first === undefined || others.length === 0) return { text, fault: first };
  const message = faults.map((fault) => fault.message).join('; ');
  return { text, fault: new CourierError(first.code, message, { cause: first }) };
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
