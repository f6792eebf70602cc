/**
 * What Checkmk's check plug-ins of the family netapp_ontap take for a line of each section: its
 * keys, their types and allowed values. A line that does not fit costs them the whole section.
 */

import { z } from 'zod';

const text = z.string();
const whole = z.int();
const yesNo = z.boolean();
/** May be missing, and may be null. */
const maybe = <Type extends z.ZodType>(type: Type) => type.nullish();
const iso = z.iso.datetime({ offset: true });

const version = z.strictObject({ full: text, generation: whole, major: whole, minor: whole });

const node = z.strictObject({
  name: text,
  uuid: text,
  version,
  cpu_count: maybe(whole),
  battery_state: text,
  model: text,
  system_machine_type: maybe(text),
  serial_number: text,
  system_id: text,
  cpu_processor: maybe(text),
  processor_utilization: z.number(),
  processor_utilization_timestamp: iso,
  date: maybe(iso),
});

const volumes = z.strictObject({
  uuid: text,
  state: maybe(text),
  name: text,
  msid: whole,
  space_available: maybe(whole),
  space_total: maybe(whole),
  logical_enforcement: maybe(yesNo),
  logical_used: maybe(whole),
  svm_name: text,
  svm_uuid: text,
  files_maximum: maybe(whole),
  files_used: maybe(whole),
  snapshot_reserve_size: maybe(whole),
  snapshot_used: maybe(whole),
  snapshot_reserve_percent: maybe(whole),
});

const operations = ['data', 'ops', 'latency'].flatMap((what) => [`read_${what}`, `write_${what}`]);
const volumeCounters: readonly string[] = [
  ...['bytes_read', 'bytes_written', 'read_latency', 'write_latency'],
  ...['total_read_ops', 'total_write_ops'],
  ...['nfs', 'cifs', 'iscsi', 'fcp'].flatMap((protocol) =>
    operations.map((operation) => `${protocol}_${operation}`),
  ),
];

const volumesCounters = z.strictObject({
  id: text,
  ...Object.fromEntries(
    volumeCounters.map((name) => [name, name.endsWith('latency') ? z.number() : whole]),
  ),
});

const disk = z.strictObject({
  uid: text,
  serial_number: maybe(text),
  model: text,
  vendor: text,
  container_type: text,
  bay: maybe(whole),
  bytes_per_sector: whole,
  sector_count: whole,
});

const luns = z.strictObject({
  name: text,
  space_size: whole,
  space_used: maybe(whole),
  enabled: yesNo,
  read_only: maybe(yesNo),
  svm_name: text,
  volume_name: text,
});

const blockStorage = z.strictObject({ available: maybe(whole), size: maybe(whole) });
const aggr = z.strictObject({
  name: text,
  space: z.strictObject({ block_storage: blockStorage }),
});

const qtreeQuota = z.strictObject({
  name: maybe(text),
  volume: text,
  hard_limit: maybe(whole),
  used_total: maybe(whole),
  users: z.array(text),
});

const snapvault = z.strictObject({
  policy_name: maybe(text),
  policy_type: maybe(text),
  state: maybe(text),
  transfer_state: maybe(
    z.enum(['aborted', 'failed', 'hard_aborted', 'queued', 'success', 'transferring']),
  ),
  source_svm_name: maybe(text),
  lag_time: maybe(text.regex(/^P(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?$/)),
  destination: text,
  destination_svm: text,
});

const vsStatus = z.strictObject({ name: text, state: maybe(text), subtype: maybe(text) });

const interfaces = z.strictObject({
  name: text,
  uuid: text,
  state: maybe(text),
  enabled: yesNo,
  node_name: text,
  port_name: text,
  failover: text,
  home_node: text,
  home_port: text,
  is_home: yesNo,
  ha_partner_names: maybe(z.array(text)),
});

const interfaceCounters = z.strictObject({
  id: text,
  recv_data: whole,
  recv_packet: whole,
  recv_errors: whole,
  send_data: whole,
  send_packet: whole,
  send_errors: whole,
});

const shelfPart = {
  list_id: text,
  id: whole,
  state: z.enum(['ok', 'error']),
  installed: maybe(yesNo),
};

const temp = z.strictObject({
  ...shelfPart,
  temperature: maybe(whole),
  ambient: yesNo,
  low_warning: maybe(whole),
  low_critical: maybe(whole),
  high_warning: maybe(whole),
  high_critical: maybe(whole),
});

const alerts = z.strictObject({
  name: text,
  acknowledge: yesNo,
  acknowledger: text,
  suppress: yesNo,
  suppressor: text,
});

const counters = z.array(z.looseObject({ name: text, value: z.number() }));
const vsTraffic = z.strictObject({ svm_name: text, table: text, counters });
const fcCounters = vsTraffic.extend({ name: text, port_wwpn: text });

const peer = z.strictObject({
  server: text,
  offset: maybe(z.number()),
  is_peer_selected: maybe(yesNo),
});
const time = z.strictObject({ node: text, peers: z.array(peer) });

const sensorState = z.literal(
  `bad crit_high crit_low disabled failed fault ignored init_failed invalid normal not_available
  not_present retry uninitialized unknown warn_high warn_low`.split(/\s+/),
);
const environment = z.discriminatedUnion('sensor_type', [
  z.strictObject({
    name: text,
    node_name: text,
    sensor_type: z.enum(['thermal', 'fan', 'voltage', 'current']),
    value: maybe(whole),
    warning_high_threshold: maybe(whole),
    warning_low_threshold: maybe(whole),
    critical_high_threshold: maybe(whole),
    critical_low_threshold: maybe(whole),
    threshold_state: sensorState,
    value_units: maybe(text),
  }),
  z.strictObject({
    name: text,
    node_name: text,
    sensor_type: z.literal('discrete'),
    discrete_value: maybe(text),
    discrete_state: sensorState,
  }),
]);

const fcPorts = z.strictObject({
  supported_protocols: z.array(text),
  wwpn: text,
  wwnn: text,
  physical_protocol: text,
  state: text,
  name: text,
  description: text,
  enabled: yesNo,
  node_name: text,
  connected_speed: maybe(whole),
});

const ports = z.strictObject({
  uuid: text,
  name: text,
  node_name: text,
  state: text,
  speed: maybe(whole),
  port_type: text,
  mac_address: maybe(text),
  broadcast_domain: maybe(text),
});

const agentInfo = z.strictObject({ section: text, info: text, is_error: yesNo });

/** By the name of the section without `netapp_ontap_`, in the order they are printed. */
export const models: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  ['node', node],
  ['volumes', volumes],
  ['volumes_counters', volumesCounters],
  ['disk', disk],
  ['luns', luns],
  ['aggr', aggr],
  ['qtree_quota', qtreeQuota],
  ['s3_buckets', qtreeQuota],
  ['snapvault', snapvault],
  ['vs_status', vsStatus],
  ['if', interfaces],
  ['if_counters', interfaceCounters],
  ['fan', z.strictObject(shelfPart)],
  ['temp', temp],
  ['alerts', alerts],
  ['vs_traffic', vsTraffic],
  ['psu', z.strictObject(shelfPart)],
  ['time', time],
  ['environment', environment],
  ['fc_ports', fcPorts],
  ['fc_interfaces_counters', fcCounters],
  ['ports', ports],
  ['agent_info', agentInfo],
]);
