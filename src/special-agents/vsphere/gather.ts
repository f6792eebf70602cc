/** Asks a server for everything that is wanted; a part that fails is left out. */

import { CourierError } from '../../faults/errors.ts';
import { childOf, type XmlElement } from '../xml/element.ts';
import { gatherCounters, gatherNetworkCards } from './gather-counters.ts';
import { type Datastore, readDatastore } from './inventory/datastore.ts';
import { type Host, readHost } from './inventory/host.ts';
import type { Datacenter, Inventory } from './inventory/inventory.ts';
import { readLicenses } from './inventory/license.ts';
import { type Machine, readMachine, toSeconds } from './inventory/machine.ts';
import { datastorePaths, hostPaths, machinePaths } from './inventory/paths.ts';
import type { Module } from './options.ts';
import { findAll, findEach, type Server } from './retrieve.ts';
import { textOf } from './soap/found-objects.ts';
import { serviceInstance } from './soap/managed-object.ts';

export interface Gathering extends Server {
  readonly modules: ReadonlySet<Module>;
  readonly isDirect: boolean;
  /** Values of each counter, of 20 seconds each. */
  readonly samples: number;
  /** Its abort ends everything; that of `signal`, the limit of the run, only what has not come. */
  readonly outer: AbortSignal;
  /** Tells of a part that failed. */
  fault(section: string, error: CourierError): void;
}

/**
 * @throws CourierError where not even the names of the hosts can be had; the signal's reason
 */
export async function gather(
  gathering: Gathering,
  hostNames: ReadonlyMap<string, string>,
): Promise<Inventory> {
  const { content, modules, isDirect } = gathering;
  const when = <T>(isWanted: boolean, section: string, ask: () => Promise<T>) =>
    isWanted ? attempt(gathering, section, ask) : undefined;
  const ids = [...hostNames.keys()];
  const known = when(true, 'esx_vsphere_datastores', () => askDatastores(gathering));
  const [licenses, datastores, counters, networkCards, hosts, serverTime, datacenters, machines] =
    await Promise.all([
      when(modules.has('licenses'), 'esx_vsphere_licenses', () => askLicenses(gathering)),
      known,
      when(modules.has('counters'), 'esx_vsphere_counters', () =>
        gatherCounters(gathering, ids, gathering.samples),
      ),
      modules.has('counters') && isDirect
        ? attempt(gathering, 'esx_vsphere_counters', () => gatherNetworkCards(gathering, ids[0]))
        : [],
      when(modules.has('hostsystem'), 'esx_vsphere_hostsystem', () => askHosts(gathering)),
      when(true, 'systemtime', () => askTime(gathering)),
      when(!isDirect, 'esx_vsphere_clusters', () => askDatacenters(gathering, hostNames)),
      // A large server thinks long before the first of them comes: meanwhile the others are read.
      when(modules.has('virtualmachine'), 'esx_vsphere_vm', async () =>
        askMachines(gathering, hostNames, await known),
      ),
    ]);
  return {
    content,
    serverTime,
    licenses,
    datastores: modules.has('datastore') ? datastores : undefined,
    knownDatastores: datastores,
    counters,
    networkCards,
    hostNames,
    hosts,
    machines,
    datacenters,
    hasAllWanted: {
      hosts: hosts !== undefined || !modules.has('hostsystem'),
      machines: machines !== undefined || !modules.has('virtualmachine'),
    },
  };
}

/** One part: what it throws costs its own sections only. */
async function attempt<T>(
  { outer, fault }: Gathering,
  section: string,
  ask: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    outer.throwIfAborted();
    if (!(error instanceof CourierError)) throw error;
    fault(section, error);
    return undefined;
  }
}

/** The name of every host by its id. */
export async function askHostNames(server: Server): Promise<ReadonlyMap<string, string>> {
  const found = await findAll(server, { type: 'HostSystem', paths: ['name'] });
  return new Map(found.map((host) => [host.object.id, textOf(host, 'name') ?? host.object.id]));
}

async function askLicenses(gathering: Gathering): Promise<ReturnType<typeof readLicenses>> {
  const manager = gathering.content.licenseManager;
  if (manager === undefined) return [];
  const [found] = await findAll(gathering, {
    type: manager.type,
    paths: ['licenses'],
    from: manager,
    reach: 'object',
  });
  const value = found?.properties.get('licenses');
  const why = found?.missing.get('licenses');
  if (why !== undefined) throw new CourierError('REFUSED', `the licenses are not shown: ${why}`);
  return value === undefined ? [] : readLicenses(value);
}

async function askDatastores(gathering: Gathering): Promise<readonly Datastore[]> {
  return (await findAll(gathering, { type: 'Datastore', paths: datastorePaths })).map(
    readDatastore,
  );
}

async function askHosts(gathering: Gathering): Promise<readonly Host[]> {
  const hosts = new Map<string, Host>();
  await findEach(gathering, { type: 'HostSystem', paths: hostPaths }, (found) => {
    const host = readHost(found);
    gathering.room.take(host.properties.values());
    gathering.room.take(host.sensors.flatMap((sensor) => Object.values(sensor)));
    hosts.set(host.id, host);
  });
  return [...hosts.values()];
}

/** Each machine is read as it arrives: their properties are by far the most of all answers. */
async function askMachines(
  gathering: Gathering,
  hostNames: ReadonlyMap<string, string>,
  known: readonly Datastore[] | undefined,
): Promise<readonly Machine[]> {
  const datastores = known && new Map(known.map((datastore) => [datastore.name, datastore]));
  const machines = new Map<string, Machine>();
  await findEach(gathering, { type: 'VirtualMachine', paths: machinePaths }, (found) => {
    const machine = readMachine(found, { hostNames, datastores });
    gathering.room.take(machine.properties.values());
    gathering.room.take(machine.snapshots.map(({ name }) => name));
    machines.set(found.object.id, machine);
  });
  return [...machines.values()].filter(({ isSecondary }) => !isSecondary);
}

async function askTime({ session, signal }: Gathering): Promise<number | undefined> {
  const result = await session.within(
    (ask) => ask({ method: 'CurrentTime', on: serviceInstance }, "the server's time"),
    signal,
  );
  return toSeconds(childOf(result, 'returnval')?.text);
}

async function askDatacenters(
  gathering: Gathering,
  hostNames: ReadonlyMap<string, string>,
): Promise<readonly Datacenter[]> {
  const datacenters: Datacenter[] = [];
  for (const { object } of await findAll(gathering, { type: 'Datacenter', paths: ['name'] })) {
    const found = await findAll(gathering, {
      type: 'ClusterComputeResource',
      paths: ['name', 'host'],
      from: object,
    });
    const clusters = found.map((cluster) => ({
      name: textOf(cluster, 'name') ?? cluster.object.id,
      hosts: namesIn(cluster.properties.get('host'), hostNames),
    }));
    datacenters.push({ id: object.id, clusters });
  }
  return datacenters;
}

function namesIn(
  hosts: XmlElement | undefined,
  hostNames: ReadonlyMap<string, string>,
): readonly string[] {
  return (hosts?.children ?? []).map(({ text }) => hostNames.get(text) ?? text);
}
