/** Asks for the performance counters and network cards of hosts (vsphere.md#counters). */

import { CourierError } from '../../faults/errors.ts';
import { inLanes } from '../../system/file-lanes.ts';
import { childrenOf, type XmlElement } from '../xml/element.ts';
import { element, textElement, type Xml } from '../xml/write-element.ts';
import {
  type CounterInfo,
  intervalSeconds,
  isWanted,
  type Metric,
  type NetworkCard,
  readCounterInfo,
  readMetric,
  readNetworkCards,
  readSeries,
  type Series,
} from './inventory/counters.ts';
import { findAll, type Server } from './retrieve.ts';
import { lost } from './session.ts';
import { type ManagedObject, readReference, writeReference } from './soap/managed-object.ts';
import type { SoapCall } from './soap/soap-client.ts';

/**
 * The newest values of every wanted counter of each host.
 *
 * @param hosts ids
 * @param samples how many values of each counter
 */
export async function gatherCounters(
  server: Server,
  hosts: readonly string[],
  samples: number,
): Promise<ReadonlyMap<string, readonly Series[]>> {
  const manager = server.content.perfManager;
  if (manager === undefined) throw new CourierError('PEER', 'the server keeps no counters');
  const once = keepOnce(server);
  const available = await inLanes(hosts, (id) => askAvailable(server, manager, id, once));
  const ids = new Set(available.flatMap((metrics) => metrics.map(({ counterId }) => counterId)));
  const infos = await askInfos(server, manager, [...ids]);
  const wanted = hosts.map((id, index) => {
    const metrics = (available[index] ?? []).filter(({ counterId }) => infos.has(counterId));
    return { id, metrics };
  });
  const series = await inLanes(wanted, (query) =>
    askSeries(server, manager, { ...query, infos, samples }),
  );
  return new Map(hosts.map((id, index) => [id, series[index] ?? []]));
}

type Once = (metric: Metric) => Metric;

/** Hosts have mostly the same metrics, hundreds of each, of which a few are wanted. */
function keepOnce({ room }: Server): Once {
  const known = new Map<string, Metric>();
  return (metric) => {
    const key = `${metric.counterId} ${metric.instance}`;
    const kept = known.get(key);
    if (kept !== undefined) return kept;
    room.take([key, metric.counterId, metric.instance]);
    known.set(key, metric);
    return metric;
  };
}

async function askAvailable(
  server: Server,
  manager: ManagedObject,
  id: string,
  once: Once,
): Promise<readonly Metric[]> {
  const parameters = [
    writeReference('entity', { type: 'HostSystem', id }),
    textElement('intervalId', intervalSeconds),
  ];
  const asked = { on: manager, method: 'QueryAvailablePerfMetric', parameters };
  const metrics = await readInto(
    server,
    asked,
    () => new Set<Metric>(),
    (all, piece) => all.add(once(readMetric(piece))),
  );
  return [...metrics];
}

/** Those that are wanted, by id; ids that the server does not describe are left out. */
async function askInfos(
  server: Server,
  manager: ManagedObject,
  ids: readonly string[],
): Promise<ReadonlyMap<string, CounterInfo>> {
  if (ids.length === 0) return new Map();
  const parameters = ids.map((id) => textElement('counterId', id));
  const asked = { on: manager, method: 'QueryPerfCounter', parameters };
  return readInto(
    server,
    asked,
    () => new Map<string, CounterInfo>(),
    (all, piece) => {
      const [id, info] = readCounterInfo(piece);
      server.room.take([id, ...Object.values(info)]);
      if (isWanted(info)) all.set(id, info);
    },
  );
}

interface SeriesQuery {
  readonly id: string;
  readonly metrics: readonly Metric[];
  readonly infos: ReadonlyMap<string, CounterInfo>;
  readonly samples: number;
}

async function askSeries(
  server: Server,
  manager: ManagedObject,
  { id, metrics, infos, samples }: SeriesQuery,
): Promise<readonly Series[]> {
  if (metrics.length === 0) return [];
  const query = element(
    'querySpec',
    {},
    writeReference('entity', { type: 'HostSystem', id }),
    textElement('maxSample', samples),
    ...metrics.map(({ counterId, instance }) =>
      element(
        'metricId',
        {},
        textElement('counterId', counterId),
        textElement('instance', instance),
      ),
    ),
    textElement('intervalId', intervalSeconds),
  );
  const result = await call(server, manager, 'QueryPerf', [query]);
  const entities = childrenOf(result, 'returnval');
  const series = entities.flatMap((entity) => readSeries(entity, infos, samples));
  server.room.take(series.flatMap(({ values }) => values));
  return series;
}

/**
 * The network cards of the one host that is asked itself: of its HostNetworkSystem, or of its
 * configuration where that cannot be had.
 */
export async function gatherNetworkCards(
  server: Server,
  id: string | undefined,
): Promise<readonly NetworkCard[]> {
  if (id === undefined) return [];
  const host = { type: 'HostSystem', id };
  const paths = ['configManager.networkSystem', 'config.network.pnic'];
  const [found] = await findAll(server, { type: host.type, paths, from: host, reach: 'object' });
  const system = readReference(found?.properties.get('configManager.networkSystem'));
  const own = system === undefined ? undefined : await askCards(server, system);
  return readNetworkCards((own ?? found?.properties.get('config.network.pnic'))?.children ?? []);
}

async function askCards(server: Server, system: ManagedObject): Promise<XmlElement | undefined> {
  const search = {
    type: system.type,
    paths: ['networkInfo'],
    from: system,
    reach: 'object',
  } as const;
  const [found] = await findAll(server, search);
  const info = found?.properties.get('networkInfo');
  const cards = childrenOf(info, 'pnic');
  return info === undefined || cards.length === 0 ? undefined : { ...info, children: cards };
}

type Asked = Pick<SoapCall, 'on' | 'method' | 'parameters'>;

function call(server: Server, on: ManagedObject, method: string, parameters: readonly Xml[]) {
  return server.session.within((ask) => ask({ method, on, parameters }, method), server.signal);
}

/**
 * All that a call returns, read one by one as it arrives.
 *
 * @param make what it is put into; anew where it is asked again
 */
function readInto<Kept>(
  server: Server,
  asked: Asked,
  make: () => Kept,
  add: (all: Kept, returned: XmlElement) => void,
): Promise<Kept> {
  return server.session.within(async (ask) => {
    const all = make();
    const pieces = { name: 'returnval', take: (piece: XmlElement) => add(all, piece) };
    const result = await ask({ ...asked, pieces }, asked.method);
    return result === lost ? lost : all;
  }, server.signal);
}
