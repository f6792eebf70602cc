/**
 * The paths of ONTAP's REST API that we ask, each with its fields and the version they came with:
 * from the schemas of NetApp's own client library, releases 9.8 to 9.15.1 (package netapp-ontap),
 * and from docs.netapp.com for what 9.11.1 brought, a release the package does not have.
 */

/** `9.8` → 908. */
export type Version = number;

export function toVersion(text: string): Version {
  const [generation = 0, major = 0] = text.split('.').map(Number);
  return generation * 100 + major;
}

export interface Resource {
  readonly since: Version;
  /** What a record has without being asked, and what its pages go on from (the last one). */
  readonly keys: readonly string[];
  /** The version each field came with. */
  readonly fields: ReadonlyMap<string, Version>;
  /** Query parameters that are no fields. */
  readonly parameters: readonly string[];
  /** Whether a single record can be asked for by its last key. */
  readonly single: boolean;
}

const oldest = 908;

/** `name size@9.9`: a field there always was, and one that came with 9.9. */
function toFields(words: string): ReadonlyMap<string, Version> {
  return new Map(
    words
      .trim()
      .split(/\s+/)
      .map((word) => {
        const [field = '', since] = word.split('@');
        return [field, since === undefined ? oldest : toVersion(since)];
      }),
  );
}

interface Wanted {
  readonly keys: string;
  readonly fields: string;
  readonly since?: string;
  readonly parameters?: string;
  readonly single?: boolean;
}

function define({ keys, fields, since = '9.8', parameters = '', single = false }: Wanted) {
  return {
    since: toVersion(since),
    keys: keys.split(' '),
    fields: toFields(`${keys} ${fields}`),
    parameters: parameters.split(' ').filter((word) => word !== ''),
    single,
  };
}

const shelfFields = `name id state serial_number
  fans.id@9.9 fans.state@9.9 fans.rpm@9.9 fans.installed@9.13
  temperature_sensors.id@9.10 temperature_sensors.state@9.10 temperature_sensors.temperature@9.10
  temperature_sensors.ambient@9.10 temperature_sensors.installed@9.13
  temperature_sensors.threshold.low.warning@9.10 temperature_sensors.threshold.low.critical@9.10
  temperature_sensors.threshold.high.warning@9.10 temperature_sensors.threshold.high.critical@9.10
  frus.id frus.type frus.state frus.serial_number frus.installed@9.10`;

const sensorFields = `node.name name type value value_units warning_high_threshold
  warning_low_threshold critical_high_threshold critical_low_threshold discrete_state
  discrete_value threshold_state`;

const counterRow: Wanted = {
  since: '9.11',
  keys: 'id',
  fields: 'counters properties aggregation counter_table.name',
  parameters: 'counters.name properties.name properties.value',
};

const counterTables = [
  'volume',
  'lif',
  'fcp_lif',
  'fcp_lif:port',
  'svm_cifs',
  'iscsi_lif',
  'svm_nfs_v3',
  'svm_nfs_v4',
  'svm_nfs_v41',
];

/** By path, without `/api`. */
export const resources: ReadonlyMap<string, Resource> = new Map(
  Object.entries({
    '/cluster/nodes': define({
      keys: 'name uuid',
      fields: `version serial_number model system_id@9.8 system_machine_type date uptime state
        controller.cpu.count@9.9 controller.cpu.processor@9.9 nvram.battery_state@9.9 nvram.id@9.9
        metric.processor_utilization metric.timestamp ha.enabled ha.partners.name ha.partners.uuid`,
    }),
    '/storage/volumes': define({
      keys: 'name uuid',
      fields: `state msid@9.11 size type style svm.name svm.uuid space.size space.available
        space.used space.afs_total@9.9 space.logical_space.enforcement space.logical_space.used@9.9
        space.snapshot.reserve_size@9.9 space.snapshot.used space.snapshot.reserve_percent
        files.maximum files.used`,
      parameters: 'is_constituent',
    }),
    '/storage/disks': define({
      keys: 'name',
      fields: `uid serial_number model vendor container_type usable_size bay state type rpm
        node.name bytes_per_sector@9.9 sector_count@9.9`,
    }),
    '/storage/luns': define({
      keys: 'name uuid',
      fields: `space.size space.used enabled status.read_only status.state svm.name svm.uuid
        location.volume.name location.volume.uuid`,
    }),
    '/storage/aggregates': define({
      keys: 'name uuid',
      fields: 'state node.name space.block_storage.available space.block_storage.size',
      single: true,
    }),
    '/storage/quota/reports': define({
      keys: 'svm.name svm.uuid volume.name volume.uuid index',
      fields: `type qtree.name qtree.id users.name users.id group.name space.hard_limit
        space.soft_limit space.used.total files.hard_limit files.used.total`,
    }),
    '/protocols/s3/buckets': define({
      keys: 'name uuid svm.name svm.uuid',
      fields: 'volume.name volume.uuid size logical_used_size comment',
    }),
    '/snapmirror/relationships': define({
      keys: 'uuid',
      fields: `state transfer.state policy.name policy.type source.path source.svm.name
        source.svm.uuid lag_time destination.path destination.svm.name healthy`,
    }),
    '/svm/svms': define({ keys: 'name uuid', fields: 'state subtype language comment' }),
    '/network/ip/interfaces': define({
      keys: 'name uuid',
      fields: `enabled state ip.address location.node.name location.port.name location.failover
        location.home_node.name location.home_port.name location.is_home svm.name`,
    }),
    '/storage/shelves': define({ keys: 'uid', fields: shelfFields }),
    '/cluster/sensors': define({ since: '9.11', keys: 'node.uuid index', fields: sensorFields }),
    '/network/fc/ports': define({
      keys: 'name uuid node.name node.uuid',
      fields: `supported_protocols wwpn wwnn physical_protocol state description enabled
        speed.configured fabric.connected_speed fabric.name`,
    }),
    '/network/ethernet/ports': define({
      keys: 'name uuid node.name node.uuid',
      fields: 'state speed type mac_address mtu enabled broadcast_domain.name',
    }),
    '/private/support/alerts': define({
      keys: 'node.uuid monitor name resource',
      fields: 'acknowledge acknowledger suppress suppressor severity cause time',
    }),
    '/private/cli/aggr': define({ keys: 'aggregate', fields: 'uuid node state' }),
    '/private/cli/cluster/time-service/ntp/status': define({
      since: '9.9',
      keys: 'node server',
      fields: 'offset is_peer_selected selection_state',
    }),
    ...Object.fromEntries(
      counterTables.map((table) => [`/cluster/counter/tables/${table}/rows`, define(counterRow)]),
    ),
  }),
);

/** Of `/api/cluster`, which is one object. */
export const clusterFields = toFields('name uuid version contact location');

/** Whether a resource has a field, or an object of fields, in a version. */
export function hasField(fields: ReadonlyMap<string, Version>, name: string, version: Version) {
  for (const [field, since] of fields) {
    const isThere = field === name || field.startsWith(`${name}.`) || name.startsWith(`${field}.`);
    if (isThere && since <= version) return true;
  }
  return false;
}
