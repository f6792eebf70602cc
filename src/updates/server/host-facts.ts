/** All there is to know of the hosts that updates are for, put together from what is on disk. */

import type { Clock } from '../../clock.ts';
import type { HostName } from '../../names/host-name.ts';
import { isHostName } from '../../names/host-name.ts';
import type { HostStanding } from '../repository/host-standings.ts';
import { type HostTarget, readHostTargets } from '../repository/host-targets.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { PlannedIntervals } from '../repository/planned-intervals.ts';
import { readRolloutFile } from '../repository/rollout-file.ts';
import { type MasterSwitch, readSwitch } from '../repository/switch.ts';
import { type Placement, Placements } from '../rollout/placement.ts';
import { type Contact, Contacts } from './contacts.ts';
import { Identities, type Identity } from './identities.ts';

export interface HostFacts {
  readonly host: HostName;
  readonly master: MasterSwitch;
  /** Undefined for a host that is not registered. */
  readonly identity: Identity | undefined;
  /** Undefined for a host that has never asked. */
  readonly contact: Contact | undefined;
  /** Undefined where nothing is published for it. */
  readonly target: HostTarget | undefined;
  readonly placement: Placement;
  /** How often it is to ask. */
  readonly intervalSeconds: number;
}

/**
 * Every host that is registered, or that something is published for, in the order of their names.
 *
 * @throws CourierError CONFIG; LOCAL
 */
export async function readHostFacts(
  places: UpdatePlaces,
  clock: Pick<Clock, 'now'>,
): Promise<readonly HostFacts[]> {
  const master = await readSwitch(places);
  const targets = await readHostTargets(places.published);
  const placements = new Placements(await readRolloutFile(places));
  const identities = byHost(await (await Identities.open(places)).list());
  const contacts = byHost(await (await Contacts.open(places, clock)).list());
  const names = [...new Set([...targets.keys(), ...identities.keys()])].filter(isHostName);
  const intervals = new PlannedIntervals(places);
  const facts: HostFacts[] = [];
  for (const host of names.sort()) {
    const known = { identity: identities.get(host), contact: contacts.get(host) };
    const intervalSeconds = await intervals.of(host);
    const target = targets.get(host);
    const placement = placements.of(host, target);
    facts.push({ ...{ host, master, target, placement, intervalSeconds }, ...known });
  }
  return facts;
}

/** Of one host, whether anything is known of it or not. */
export async function readFactsOf(
  host: HostName,
  places: UpdatePlaces,
  clock: Pick<Clock, 'now'>,
): Promise<HostFacts> {
  const target = (await readHostTargets(places.published)).get(host);
  const placements = new Placements(await readRolloutFile(places));
  return {
    host,
    master: await readSwitch(places),
    target,
    placement: placements.of(host, target),
    identity: await (await Identities.open(places)).read(host),
    contact: await (await Contacts.open(places, clock)).read(host),
    intervalSeconds: await new PlannedIntervals(places).of(host),
  };
}

/** Registered hosts as far as keys and counters need to know them. */
export async function listStandings(
  places: UpdatePlaces,
  clock: Pick<Clock, 'now'>,
): Promise<readonly HostStanding[]> {
  const facts = await readHostFacts(places, clock);
  return facts
    .filter(({ identity }) => identity !== undefined && identity.revokedAt === undefined)
    .map(({ host, contact }) => ({
      host,
      rootVersion: contact?.standing?.rootVersion,
      counter: contact?.standing?.installedCounter,
      lastContactMs: contact && Date.parse(contact.lastContact),
    }));
}

function byHost<Known extends { readonly host: string }>(
  known: readonly Known[],
): ReadonlyMap<string, Known> {
  return new Map(known.map((one) => [one.host, one]));
}
