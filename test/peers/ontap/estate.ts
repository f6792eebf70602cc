/** A storage system to answer with: what it has, as records by path. */

import { toCounterRecords } from './counters.ts';
import { toNetworkRecords } from './network.ts';
import type { JsonObject } from './query.ts';
import { toShelfRecords } from './shelves.ts';

export interface EstateSize {
  readonly nodes?: number;
  readonly volumes?: number;
  readonly disks?: number;
  /** Versions of the nodes, in turn. */
  readonly versions?: readonly string[];
  /** Whether aggregates, counters and the like are there without nodes, as on Amazon FSx. */
  readonly hidesNodes?: boolean;
}

export type Records = ReadonlyMap<string, readonly JsonObject[]>;

/** `9.15` → what a node says of its version. */
function toVersionRecord(text: string): JsonObject {
  const [generation = 0, major = 0] = text.split('.').map(Number);
  return {
    full: `NetApp Release ${text}.1P2: Mon Mar 03 10:00:00 UTC 2025`,
    generation,
    major,
    minor: 1,
  };
}

/** A UUID that says what it belongs to and which one it is. */
export function toUuid(kind: number, index: number): string {
  return `${kind.toString(16).padStart(8, '0')}-0000-4000-8000-${index.toString(16).padStart(12, '0')}`;
}

export function times<Item>(count: number, make: (index: number) => Item): readonly Item[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

export const nodeName = (index: number) => `cluster1-0${index + 1}`;
export const svmName = (index: number) => `svm${index % 3}`;

function toNode(index: number, version: string, count: number): JsonObject {
  const partner = index ^ 1;
  return {
    name: nodeName(index),
    uuid: toUuid(1, index),
    version: toVersionRecord(version),
    controller: { cpu: { count: 8, processor: 'Intel(R) Xeon(R) CPU E5-2620 v4 @ 2.10GHz' } },
    nvram: { battery_state: 'battery_ok', id: 536900000 + index },
    model: 'AFF-A300',
    system_machine_type: '7Y57CTOWW1',
    serial_number: `4048820-60-${index}`,
    system_id: `053690000${index}`,
    metric: { processor_utilization: 3 + index, timestamp: '2025-03-03T10:00:15+00:00' },
    date: '2025-03-03T11:00:17+01:00',
    uptime: 300536,
    state: 'up',
    ha: {
      enabled: true,
      partners: partner < count ? [{ name: nodeName(partner), uuid: toUuid(1, partner) }] : [],
    },
  };
}

/** The first is one that is offline: of it there is only what it is called. */
function toVolume(index: number): JsonObject {
  const known = { name: `vol${index}`, uuid: toUuid(2, index), msid: 2_150_000_000 + index };
  const svm = { name: svmName(index), uuid: toUuid(3, index % 3) };
  const constituent = { is_constituent: index % 10 === 9 };
  if (index === 0) return { ...known, ...constituent, state: 'offline', svm };
  const size = 107_374_182_400;
  return {
    ...known,
    ...constituent,
    state: 'online',
    svm,
    size,
    type: 'rw',
    space: {
      size,
      available: 53_687_091_200 + index,
      used: 42_949_672_960,
      afs_total: 102_005_473_280,
      logical_space: { enforcement: false, used: 48_318_382_080 + index },
      snapshot: { reserve_size: 5_368_709_120, used: 1_073_741_824, reserve_percent: 5 },
    },
    files: { maximum: 3_112_959, used: 96 + index },
  };
}

function toDisk(index: number): JsonObject {
  const disk = {
    name: `1.${Math.floor(index / 24)}.${index % 24}`,
    uid: `50025385:${index.toString(16).padStart(8, '0')}:00000000:00000000`,
    serial_number: `S3SGNX0K${index.toString().padStart(6, '0')}`,
    model: 'X356_S163A3T8ATE',
    vendor: 'NETAPP',
    container_type: index % 12 === 11 ? 'spare' : 'aggregate',
    usable_size: 3_840_755_982_336,
    bay: index % 24,
    state: 'present',
    node: { name: nodeName(0) },
    bytes_per_sector: 520,
    sector_count: 7_501_476_528,
  };
  return index === 1 ? without(disk, ['bay', 'serial_number']) : disk;
}

function without(record: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)));
}

function toLun(index: number): JsonObject {
  return {
    name: `/vol/vol${index + 1}/lun${index}`,
    uuid: toUuid(4, index),
    space: { size: 1_073_741_824, ...(index === 0 ? {} : { used: 536_870_912 }) },
    enabled: index !== 1,
    status: { read_only: false, state: 'online' },
    svm: { name: svmName(index), uuid: toUuid(3, index % 3) },
    location: { volume: { name: `vol${index + 1}`, uuid: toUuid(2, index + 1) } },
  };
}

/** The root aggregates of the nodes, which the public collection does not show, and two more. */
function toAggregate(index: number, nodes: number): JsonObject {
  const isRoot = index < nodes;
  return {
    name: isRoot ? `aggr0_${nodeName(index)}` : `aggr${index}`,
    uuid: toUuid(5, index),
    state: 'online',
    node: { name: nodeName(index % Math.max(nodes, 1)) },
    is_hidden: isRoot,
    space: {
      block_storage: { available: 1_099_511_627_776 - index, size: 10_995_116_277_760 },
    },
  };
}

const quotaReports: readonly JsonObject[] = [
  {
    ...toQuota(0, 'tree'),
    qtree: { name: 'qt1', id: 1 },
    space: { hard_limit: 1_073_741_824, used: { total: 536_870_912 } },
  },
  { ...toQuota(1, 'tree'), qtree: { name: 'qt2', id: 2 }, space: { used: { total: 4096 } } },
  {
    ...toQuota(2, 'user'),
    users: [{ name: 'alice', id: '1001' }],
    space: { hard_limit: 2_147_483_648, used: { total: 0 } },
  },
  { ...toQuota(3, 'tree'), users: [{ name: 'bob', id: '1002' }, { id: '1003' }] },
];

function toQuota(index: number, type: string): JsonObject {
  return {
    svm: { name: svmName(0), uuid: toUuid(3, 0) },
    volume: { name: 'vol3', uuid: toUuid(2, 3) },
    index,
    type,
  };
}

const buckets: readonly JsonObject[] = [
  {
    name: 'bucket1',
    uuid: toUuid(6, 0),
    svm: { name: svmName(1), uuid: toUuid(3, 1) },
    volume: { name: 'fg_oss_1', uuid: toUuid(2, 900) },
    size: 858_993_459_200,
    logical_used_size: 157_286_400,
  },
  {
    name: 'bucket2',
    uuid: toUuid(6, 1),
    svm: { name: svmName(1), uuid: toUuid(3, 1) },
    size: 102_005_473_280,
  },
];

const relationships: readonly JsonObject[] = [
  {
    uuid: toUuid(7, 0),
    state: 'snapmirrored',
    transfer: { state: 'success' },
    policy: { name: 'MirrorAllSnapshots', type: 'async' },
    source: { path: 'svm9:vol1', svm: { name: 'svm9', uuid: toUuid(3, 9) } },
    lag_time: 'PT8H35M42S',
    destination: { path: 'svm0:vol1_dst', svm: { name: 'svm0' } },
    healthy: true,
  },
  {
    uuid: toUuid(7, 1),
    state: 'broken_off',
    policy: { name: 'XDPDefault', type: 'async' },
    source: { path: 'svm9:vol2', svm: { name: 'svm9', uuid: toUuid(3, 9) } },
    destination: { path: 'svm1:vol2_dst', svm: { name: 'svm1' } },
    healthy: false,
  },
];

const alerts: readonly JsonObject[] = [
  {
    node: { uuid: toUuid(1, 0) },
    monitor: 'system_connect',
    name: 'DiskPathFailAlert',
    resource: 'Disk 1.0.3',
    acknowledge: true,
    acknowledger: 'admin',
    suppress: false,
    suppressor: '',
  },
  {
    node: { uuid: toUuid(1, 1) },
    monitor: 'node_connect',
    name: 'DualPathToDiskShelf_Alert',
    resource: 'Shelf 0',
  },
];

function toPeer(node: number, server: string, selected: boolean): JsonObject {
  return {
    node: nodeName(node),
    server,
    offset: selected ? -0.115 : 2.5,
    is_peer_selected: selected,
  };
}

/** All records of a system. */
export function buildEstate({
  nodes = 2,
  volumes = 12,
  disks = 6,
  versions = ['9.15'],
  hidesNodes = false,
}: EstateSize = {}): Records {
  const all = times(nodes, (index) =>
    toNode(index, versions[index % versions.length] ?? '', nodes),
  );
  const aggregates = times(nodes + 2, (index) => toAggregate(index, nodes));
  const oldest = versions.toSorted((one, other) =>
    one.localeCompare(other, 'en', { numeric: true }),
  );
  return new Map<string, readonly JsonObject[]>([
    [
      '/cluster',
      [{ name: 'cluster1', uuid: toUuid(0, 0), version: toVersionRecord(oldest[0] ?? '') }],
    ],
    ['/cluster/nodes', hidesNodes ? [] : all],
    ['/storage/volumes', times(volumes, toVolume)],
    ['/storage/disks', times(disks, toDisk)],
    ['/storage/luns', times(3, toLun)],
    ['/storage/aggregates', aggregates],
    [
      '/private/cli/aggr',
      aggregates.map(({ name = '', uuid = '' }) => ({ aggregate: name, uuid, state: 'online' })),
    ],
    ['/storage/quota/reports', quotaReports],
    ['/protocols/s3/buckets', buckets],
    ['/snapmirror/relationships', relationships],
    [
      '/svm/svms',
      times(3, (index) => ({
        name: svmName(index),
        uuid: toUuid(3, index),
        state: index === 2 ? 'stopped' : 'running',
        ...(index === 0 ? {} : { subtype: 'default' }),
      })),
    ],
    ['/private/support/alerts', alerts],
    [
      '/private/cli/cluster/time-service/ntp/status',
      [toPeer(0, '192.0.2.123', true), toPeer(0, 'ntp.example.net', false)],
    ],
    ...toNetworkRecords(nodes),
    ...toShelfRecords(nodes),
    ...toCounterRecords(nodes, volumes),
  ]);
}
