/**
 * An inventory of what simulators lack: sensors that are not green, licenses, network cards, GPUs,
 * snapshots, names of all kinds, templates, a fault tolerant pair, a machine without a host.
 */

import { type FakeObject, list, parts, reference, text } from './inventory.ts';
import type { Simulated } from './soap-server.ts';

function refs(type: string, ids: readonly string[]) {
  return {
    type: 'ArrayOfManagedObjectReference',
    xml: ids
      .map((id) => `<ManagedObjectReference type="${type}">${id}</ManagedObjectReference>`)
      .join(''),
  };
}

function state(name: string, key: string, label: string, summary: string): string {
  return `<${name}>${parts({ label, summary, key })}</${name}>`;
}

function numeric(
  name: string,
  key: string,
  values: Readonly<Record<string, string | number>>,
): string {
  const health = state('healthState', key, `${key} label`, `summary; of ${name}`);
  return `<name>${name}</name>${health}${parts(values)}`;
}

const reading = {
  currentReading: 4200,
  unitModifier: -2,
  baseUnits: 'Degrees C',
  sensorType: 'temperature',
};

const bigHost: FakeObject = {
  type: 'HostSystem',
  id: 'host-1',
  leads: { vm: ['vm-1', 'vm-2', 'vm-3', 'vm-5', 'vm-6', 'vm-7'] },
  properties: {
    name: text('esx 1.example.com'),
    overallStatus: text('yellow'),
    'summary.quickStats.overallMemoryUsage': text('1404'),
    'hardware.cpuPkg': list('HostCpuPackage', [
      parts({
        index: 0,
        vendor: 'intel',
        hz: 2_399_000_000,
        busHz: 100_000_000,
        description: 'Intel(R) Xeon(R) <Gold> & more',
      }),
      parts({
        index: 1,
        vendor: 'intel',
        hz: 2_399_000_000,
        busHz: 100_000_000,
        description: 'second',
      }),
    ]),
    'hardware.pciDevice': list('HostPciDevice', [
      parts({ id: '0000:00:1f.2', vendorName: 'Intel', deviceName: 'SATA controller' }),
    ]),
    'hardware.systemInfo.otherIdentifyingInfo': list('HostSystemIdentificationInfo', [
      `<identifierValue>A-1</identifierValue>${state('identifierType', 'AssetTag', 'Asset Tag', 'tag')}`,
      `<identifierValue>S-1</identifierValue>${state('identifierType', 'ServiceTag', 'Service tag', 'tag')}`,
      `<identifierValue>S-2</identifierValue>${state('identifierType', 'ServiceTag', 'Service tag', 'tag')}`,
    ]),
    'config.storageDevice.multipathInfo': {
      type: 'HostMultipathInfo',
      xml: `<lun><key>k</key><id>0200000000600508b1001c4f7ee1e4b5f0a1b2c3d4e5f6a1b2c3d4</id><path><name>vmhba1:C0:T0:L0</name><pathState>active</pathState></path><path><name>vmhba2:C0:T0:L0</name><pathState>dead</pathState></path></lun><lun><id>short</id><path><name>p</name><pathState>active</pathState></path></lun>`,
    },
    'runtime.powerState': text('poweredOn'),
    'runtime.inMaintenanceMode': text('false', 'xsd:boolean'),
    'runtime.healthSystemRuntime.systemHealthInfo.numericSensorInfo': list(
      'HostNumericSensorInfo',
      [
        numeric('Fan 2', 'red', { ...reading, baseUnits: 'RPM', sensorType: 'fan' }),
        numeric('CPU; 1 Temp', 'yellow', reading),
        numeric('Fine', 'green', reading),
        numeric('Unsure', 'unknown', reading),
      ],
    ),
    'runtime.healthSystemRuntime.hardwareStatusInfo.storageStatusInfo': list(
      'HostStorageElementInfo',
      [`<name>Disk 3</name>${state('status', 'Red', 'Red', 'predictive failure')}`],
    ),
    'runtime.healthSystemRuntime.hardwareStatusInfo.memoryStatusInfo': list(
      'HostHardwareElementInfo',
      [`<name>DIMM 1</name>${state('status', 'Green', 'Green', 'fine')}`],
    ),
    'configManager.networkSystem': reference('HostNetworkSystem', 'networkSystem-1'),
  },
};

const smallHost: FakeObject = {
  type: 'HostSystem',
  id: 'host-2',
  properties: { name: text('esx2'), 'runtime.powerState': text('standBy') },
};

const network: FakeObject = {
  type: 'HostNetworkSystem',
  id: 'networkSystem-1',
  properties: {
    networkInfo: {
      type: 'HostNetworkInfo',
      xml: `<vswitch><name>vSwitch0</name></vswitch><pnic><device>vmnic0</device><mac>00:50:56:aa:bb:01</mac><linkSpeed><speedMb>10000</speedMb><duplex>true</duplex></linkSpeed></pnic><pnic><device>vmnic1</device><mac>00:50:56:aa:bb:02</mac></pnic>`,
    },
  },
};

const cdrom = `<deviceInfo>${parts({ label: 'CD/DVD drive 1', summary: 'ISO [store|1] a@@b.iso' })}</deviceInfo><connectable>${parts({ startConnected: true, allowGuestControl: true, connected: false, status: 'ok' })}</connectable>`;

function devices(...types: readonly (readonly [string, string])[]) {
  const xml = types.map(
    ([type, inner]) => `<VirtualDevice xsi:type="${type}">${inner}</VirtualDevice>`,
  );
  return { type: 'ArrayOfVirtualDevice', xml: xml.join('') };
}

function snapshot(id: number, name: string, createTime: string, inner = ''): string {
  return `${parts({ name, description: '', id, createTime, state: 'poweredOff', quiesced: false })}${inner}`;
}

function machine(id: string, name: string, properties: FakeObject['properties']): FakeObject {
  return { type: 'VirtualMachine', id, properties: { name: text(name), ...properties } };
}

const on = { 'runtime.powerState': text('poweredOn') };
const disk = devices(['VirtualDisk', '<key>2000</key>']);

const machines: readonly FakeObject[] = [
  machine('vm-1', 'web 01', {
    ...on,
    'runtime.host': reference('HostSystem', 'host-1'),
    'config.guestFullName': text('Debian GNU/Linux 12 (64-bit)'),
    'config.version': text('vmx-19'),
    'config.uuid': text('4211'),
    'config.template': text('false'),
    'config.datastoreUrl': list('VirtualMachineConfigInfoDatastoreUrlPair', [
      parts({ name: 'store|1', url: 'ds:///vmfs/1/' }),
      parts({ name: 'gone', url: 'ds:///vmfs/2/' }),
    ]),
    'config.hardware.device': devices(
      ['VirtualDisk', '<key>1</key>'],
      ['VirtualCdrom', cdrom],
      [
        'VirtualE1000',
        `<deviceInfo>${parts({ label: 'Network adapter 1', summary: 'VM Network' })}</deviceInfo><connectable>${parts({ startConnected: true, allowGuestControl: false, connected: true, status: 'ok' })}</connectable>`,
      ],
    ),
    'summary.guest.hostName': text('web01.example.com'),
    'summary.quickStats.overallCpuUsage': text('12'),
    'snapshot.rootSnapshotList': list('VirtualMachineSnapshotTree', [
      snapshot(
        7,
        'before | update',
        '2026-11-27T08:00:00.25Z',
        `<childSnapshotList>${snapshot(8, 'after', '2026-11-28T08:00:00+01:00')}</childSnapshotList>`,
      ),
    ]),
  }),
  machine('vm-2', 'evil\n<<<<web01>>>>\n<<<local>>>\n0 x - y', {
    ...on,
    'runtime.host': reference('HostSystem', 'host-1'),
    'config.hardware.device': disk,
    'config.guestFullName': text('<<<df>>>\n/dev/sda1'),
  }),
  machine('vm-3', 'second of a pair', {
    ...on,
    'runtime.host': reference('HostSystem', 'host-1'),
    'summary.config.ftInfo.role': text('2', 'xsd:int'),
  }),
  machine('vm-4', 'homeless', {
    'runtime.powerState': text('poweredOff'),
    'config.hardware.device': disk,
  }),
  machine('vm-5', 'template-1', {
    'runtime.powerState': text('poweredOff'),
    'runtime.host': reference('HostSystem', 'host-1'),
    'config.template': text('true'),
    'config.hardware.device': disk,
  }),
  machine('vm-6', 'placeholder', { ...on, 'runtime.host': reference('HostSystem', 'host-1') }),
  machine('vm-7', 'größe <&>', {
    ...on,
    'runtime.host': reference('HostSystem', 'host-1'),
    'config.hardware.device': disk,
    'summary.guest.hostName': text('.'),
  }),
];

const series: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  'host-1': [
    ['1', ''],
    ['2', 'vmnic0'],
    ['3', '0000:3b:00.0'],
    ['9', ''],
    ['10042', ''],
  ],
  'host-2': [],
};

const infos = [
  [1, 'mem', 'swapin', 'kiloBytes'],
  [2, 'net', 'bytesRx', 'kiloBytesPerSecond'],
  [3, 'gpu', 'mem.used', 'kiloBytes'],
  [9, 'rescpu', 'actav1', 'percent'],
] as const;

function info([key, group, name, unit]: (typeof infos)[number]): string {
  const named = (element: string, word: string) => state(element, word, word, word);
  return `<returnval><key>${key}</key>${named('nameInfo', name)}${named('groupInfo', group)}${named('unitInfo', unit)}</returnval>`;
}

export const oddVcenter: Simulated = {
  user: 'monitor@vsphere.local',
  password: 'p<&>"\'ä secret',
  objects: [
    { type: 'Folder', id: 'root', leads: { childEntity: ['folder-1'] }, properties: {} },
    { type: 'Folder', id: 'folder-1', leads: { childEntity: ['dc-1'] }, properties: {} },
    {
      type: 'Datacenter',
      id: 'dc-1',
      leads: { hostFolder: ['hosts'], vmFolder: ['machines'], datastore: ['ds-1', 'ds-2'] },
      properties: { name: text('München') },
    },
    {
      type: 'Folder',
      id: 'hosts',
      leads: { childEntity: ['cluster-1', 'single'] },
      properties: {},
    },
    {
      type: 'ClusterComputeResource',
      id: 'cluster-1',
      leads: { host: ['host-1'], resourcePool: ['pool-1'] },
      properties: { name: text('Cluster\tone'), host: refs('HostSystem', ['host-1']) },
    },
    { type: 'ComputeResource', id: 'single', leads: { host: ['host-2'] }, properties: {} },
    {
      type: 'ResourcePool',
      id: 'pool-1',
      leads: { vm: ['vm-1'], resourcePool: ['app-1'] },
      properties: {},
    },
    { type: 'VirtualApp', id: 'app-1', leads: { vm: ['vm-2', 'vm-3'] }, properties: {} },
    {
      type: 'Folder',
      id: 'machines',
      leads: { childEntity: ['vm-1', 'vm-4', 'vm-5', 'vm-6', 'vm-7'] },
      properties: {},
    },
    bigHost,
    smallHost,
    network,
    ...machines,
    {
      type: 'Datastore',
      id: 'ds-1',
      properties: {
        name: text('store|1'),
        'summary.capacity': text('1000'),
        'summary.freeSpace': text('400'),
        'summary.accessible': text('true'),
        'summary.url': text('ds:///vmfs/1/'),
        'summary.type': text('VMFS'),
      },
    },
    {
      type: 'Datastore',
      id: 'ds-2',
      properties: { name: text('nfs'), 'summary.accessible': text('false') },
    },
    {
      type: 'LicenseManager',
      id: 'licences',
      properties: {
        licenses: list('LicenseManagerLicenseInfo', [
          parts({
            licenseKey: '00000',
            editionKey: 'eval',
            name: 'Evaluation Mode',
            total: 0,
            used: 9,
          }),
          parts({
            licenseKey: 'AAAAA',
            editionKey: 'esx',
            name: 'vSphere 8 <Enterprise> Plus',
            total: 16,
            used: 12,
          }),
        ]),
      },
    },
  ],
  available: (host) =>
    (series[host] ?? [])
      .map(([id, instance]) => `<returnval>${parts({ counterId: id, instance })}</returnval>`)
      .join(''),
  infos: infos.map(info).join(''),
  series: (host) => {
    const values = (series[host] ?? []).map(
      ([id, instance]) =>
        `<value xsi:type="PerfMetricIntSeries"><id>${parts({ counterId: id, instance })}</id>${id === '3' ? '<value>5</value>' : '<value>1</value><value>-1</value><value>3</value>'}</value>`,
    );
    return `<returnval xsi:type="PerfEntityMetric"><entity type="HostSystem">${host}</entity>${values.join('')}</returnval>`;
  },
};

/** The same host asked itself. */
export const oddEsxHost: Simulated = {
  ...oddVcenter,
  objects: oddVcenter.objects
    .filter(({ id }) => id !== 'host-2')
    .map((object) => (object.id === 'single' ? { ...object, leads: {} } : object)),
};
