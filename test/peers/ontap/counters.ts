/** Rows of the counter tables (docs.netapp.com, ontap-pcmap, names of counters and forms of ids). */

import { nodeName, svmName, times, toUuid } from './estate.ts';
import type { JsonObject } from './query.ts';

const protocols = ['nfs', 'cifs', 'iscsi', 'fcp'];
const perProtocol = [
  'read_data',
  'write_data',
  'read_ops',
  'write_ops',
  'read_latency',
  'write_latency',
];

/** What we ask for and two more, which a filter has to leave out. */
const volumeCounters = [
  ...['bytes_read', 'bytes_written', 'read_latency', 'write_latency'],
  ...['total_read_ops', 'total_write_ops', 'other_ops', 'average_latency'],
  ...protocols.flatMap((protocol) => perProtocol.map((counter) => `${protocol}.${counter}`)),
];

/** Each table beside its counters. */
const tables: Readonly<Record<string, readonly string[]>> = {
  lif: [
    ...['received_data', 'received_errors', 'received_packets'],
    ...['sent_data', 'sent_errors', 'sent_packets', 'up_time'],
  ],
  fcp_lif: [
    ...['average_read_latency', 'average_write_latency', 'average_other_latency'],
    ...['read_data', 'write_data', 'read_ops', 'write_ops', 'total_ops'],
  ],
  svm_cifs: ['average_read_latency', 'average_write_latency', 'total_read_ops', 'total_write_ops'],
  iscsi_lif: [
    ...['average_read_latency', 'average_write_latency', 'read_data', 'write_data'],
    ...['iscsi_read_ops', 'iscsi_write_ops', 'cmd_transferred'],
  ],
  svm_nfs_v3: ['read_throughput', 'write_throughput', 'read_ops', 'write_ops', 'ops'],
  svm_nfs_v4: ['total.read_throughput', 'total.write_throughput', 'ops'],
  svm_nfs_v41: ['total.read_throughput', 'total.write_throughput', 'ops'],
};

function toCounters(names: readonly string[], seed: number): readonly JsonObject[] {
  return names.map((name, index) => ({ name, value: 1000 * seed + index }));
}

function toRow(
  id: string,
  properties: Readonly<Record<string, string>>,
  counters: readonly JsonObject[],
) {
  return {
    id,
    properties: Object.entries(properties).map(([name, value]) => ({ name, value })),
    counters,
  };
}

function toVolumeRow(index: number): JsonObject {
  const [svm, name, uuid] = [svmName(index), `vol${index}`, toUuid(2, index)];
  const id = `${nodeName(index % 2)}:${svm}:${name}:${uuid}`;
  const properties = { 'node.name': nodeName(index % 2), 'svm.name': svm, name, uuid };
  return toRow(id, properties, toCounters(volumeCounters, index));
}

/** The last one belongs to no interface that can be seen, and to no SVM. */
function toLifRow(index: number, nodes: number, counters: readonly string[]): JsonObject {
  const node = nodeName(index % Math.max(nodes, 1));
  const id = `${node}:lif${index}:${index + 1000}`;
  const properties = { 'node.name': node, name: `lif${index}` };
  const owned = index === 4 ? properties : { ...properties, 'svm.name': svmName(index) };
  return toRow(id, owned, toCounters(counters, index + 1));
}

function toSvmRow(table: string, index: number, counters: readonly string[]): JsonObject {
  const name = svmName(index);
  const properties = { 'svm.name': name, name: table };
  return toRow(`${nodeName(0)}:${name}:${index}`, properties, toCounters(counters, index + 1));
}

/** The second lacks the port. */
function toPortRow(index: number): JsonObject {
  const properties = { 'svm.name': svmName(index), name: `fcp${index}` };
  const port = { 'port.wwpn': '50:0a:09:80:00:00:00:00' };
  const counters = toCounters(tables['fcp_lif'] ?? [], index + 1);
  return toRow(
    `${nodeName(0)}:fcp${index}:${index}`,
    index === 1 ? properties : { ...properties, ...port },
    counters,
  );
}

export function toCounterRecords(
  nodes: number,
  volumes: number,
): [string, readonly JsonObject[]][] {
  const toPath = (table: string) => `/cluster/counter/tables/${table}/rows`;
  return [
    // The first volume is offline: counters are not kept of it.
    [toPath('volume'), times(volumes, toVolumeRow).slice(1)],
    [toPath('fcp_lif:port'), times(2, toPortRow)],
    ...Object.entries(tables).map(([table, counters]): [string, readonly JsonObject[]] => [
      toPath(table),
      table === 'lif'
        ? times(5, (index) => toLifRow(index, nodes, counters))
        : times(2, (index) => toSvmRow(table, index, counters)),
    ]),
  ];
}
