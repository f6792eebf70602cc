/** Performance counters of hosts (vsphere.md#counters). */

import { childrenOf, textAt, type XmlElement } from '../../xml/element.ts';

/** What a counter measures. */
export interface CounterInfo {
  readonly group: string;
  readonly name: string;
  readonly unit: string;
}

/** A counter of one instance, such as a disk: as QueryAvailablePerfMetric names it. */
export interface Metric {
  readonly counterId: string;
  /** Empty where the counter is of the host as a whole. */
  readonly instance: string;
}

/** The newest values of a metric, oldest first. */
export interface Series extends CounterInfo {
  readonly instance: string;
  readonly values: readonly string[];
}

/** A network card of the host that is asked itself. */
export interface NetworkCard {
  readonly device: string;
  readonly mac: string;
  /** Undefined where there is no link. */
  readonly speedMb: number | undefined;
}

/** Seconds between two values: the interval that servers keep for the last hour. */
export const intervalSeconds = 20;

/** `group.name` of the counters that the checks read. */
const wanted = new Set(
  Object.entries({
    disk: 'numberReadAveraged numberWriteAveraged read write deviceLatency',
    net: 'usage packetsRx packetsTx received transmitted droppedRx droppedTx bytesRx bytesTx broadcastRx broadcastTx multicastRx multicastTx errorsRx errorsTx unknownProtos',
    mem: 'swapused swapin swapout',
    sys: 'uptime resourceMemConsumed',
    datastore:
      'read write totalReadLatency totalWriteLatency sizeNormalizedDatastoreLatency datastoreReadIops datastoreWriteIops',
    gpu: 'mem.usage mem.reserved mem.total mem.used power.used utilization temperature',
  }).flatMap(([group, names]) => names.split(' ').map((name) => `${group}.${name}`)),
);

/** @param metric one that QueryAvailablePerfMetric returns */
export function readMetric(metric: XmlElement): Metric {
  return {
    counterId: textAt(metric, 'counterId') ?? '',
    instance: textAt(metric, 'instance') ?? '',
  };
}

/**
 * @param info one that QueryPerfCounter returns
 * @returns its id and what it measures
 */
export function readCounterInfo(info: XmlElement): readonly [string, CounterInfo] {
  const group = textAt(info, 'groupInfo', 'key') ?? '';
  const name = textAt(info, 'nameInfo', 'key') ?? '';
  const unit = textAt(info, 'unitInfo', 'key') ?? '';
  return [textAt(info, 'key') ?? '', { group, name, unit }];
}

/** Whether the checks read it. */
export function isWanted({ group, name }: CounterInfo): boolean {
  return wanted.has(`${group}.${name}`);
}

/**
 * The series of one host, sorted by group, name and instance. A series with fewer values than were
 * asked for is dropped, since the checks take the mean of what they get.
 *
 * @param entity a PerfEntityMetric of QueryPerf
 */
export function readSeries(
  entity: XmlElement,
  infos: ReadonlyMap<string, CounterInfo>,
  samples: number,
): readonly Series[] {
  const series = childrenOf(entity, 'value').flatMap((found) => {
    const info = infos.get(textAt(found, 'id', 'counterId') ?? '');
    const values = childrenOf(found, 'value').map(({ text }) => text.trim());
    if (info === undefined || values.length < samples) return [];
    return [{ ...info, instance: textAt(found, 'id', 'instance') ?? '', values }];
  });
  const keyOf = ({ group, name, instance }: Series) => `${group}\0${name}\0${instance}`;
  return series.sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
}

/** @param cards of `networkInfo.pnic` or `config.network.pnic` */
export function readNetworkCards(cards: readonly XmlElement[]): readonly NetworkCard[] {
  return cards.map((card) => {
    const speed = textAt(card, 'linkSpeed', 'speedMb');
    return {
      device: textAt(card, 'device') ?? '',
      mac: textAt(card, 'mac') ?? '',
      speedMb: speed === undefined ? undefined : Number(speed),
    };
  });
}
