/** A virtual machine of the inventory as lines of its sections (vsphere.md#composite-values). */

import { childOf, childrenOf, textAt, type XmlElement } from '../../xml/element.ts';
import { type FoundObject, textOf } from '../soap/found-objects.ts';
import type { Datastore } from './datastore.ts';

export interface Snapshot {
  readonly id: string;
  /** Unix seconds; undefined where the server's time cannot be read. */
  readonly time: number | undefined;
  readonly state: string;
  readonly name: string;
}

export interface Machine {
  readonly name: string;
  /** The name of its host; undefined where the server says none. */
  readonly host: string | undefined;
  readonly powerState: string;
  readonly isTemplate: boolean;
  /** The second machine of a pair that is fault tolerant: what it does, the first does as well. */
  readonly isSecondary: boolean;
  /** A placeholder of a recovery site has none. */
  readonly hasDisk: boolean;
  /** As the guest calls itself. */
  readonly guestName: string | undefined;
  readonly properties: ReadonlyMap<string, string>;
  readonly snapshots: readonly Snapshot[];
}

/** What stands for something in the properties of a machine. */
export interface Surroundings {
  /** Name by id. */
  readonly hostNames: ReadonlyMap<string, string>;
  /** By name; undefined where they could not be had. */
  readonly datastores: ReadonlyMap<string, Datastore> | undefined;
}

/** Deeper than anybody keeps snapshots: a server allows 32 in a chain. */
const deepestSnapshot = 100;

export function readMachine(found: FoundObject, { hostNames, datastores }: Surroundings): Machine {
  const hostId = textOf(found, 'runtime.host');
  const host = hostId === undefined ? undefined : (hostNames.get(hostId) ?? hostId);
  const roots = found.properties.get('snapshot.rootSnapshotList');
  const snapshots = listSnapshots(childrenOf(roots, 'VirtualMachineSnapshotTree'));
  const properties = new Map<string, string>();
  for (const [path, value] of found.properties) {
    const text = composeValue(path, value, { host, snapshots, datastores });
    if (text !== undefined) properties.set(path, text);
  }
  return {
    name: textOf(found, 'name') ?? found.object.id,
    host,
    powerState: textOf(found, 'runtime.powerState') ?? '',
    isTemplate: textOf(found, 'config.template') === 'true',
    isSecondary: textOf(found, 'summary.config.ftInfo.role') === '2',
    hasDisk: (found.properties.get('config.hardware.device')?.children ?? []).some(isDisk),
    guestName: textOf(found, 'summary.guest.hostName'),
    properties,
    snapshots,
  };
}

interface Composing {
  readonly host: string | undefined;
  readonly snapshots: readonly Snapshot[];
  readonly datastores: Surroundings['datastores'];
}

function composeValue(path: string, value: XmlElement, from: Composing): string | undefined {
  switch (path) {
    case 'runtime.host':
      return from.host;
    case 'config.hardware.device':
      return joinDevices(value);
    case 'config.datastoreUrl':
      return from.datastores && joinDatastores(value, from.datastores);
    case 'snapshot.rootSnapshotList':
      return from.snapshots.map(showSnapshot).join('|');
    default:
      return value.text;
  }
}

/** Devices that can be connected: drives and network cards. */
function joinDevices(value: XmlElement): string {
  return value.children
    .flatMap((device) => {
      const connectable = childOf(device, 'connectable');
      if (connectable === undefined) return [];
      const connection = ['startConnected', 'allowGuestControl', 'connected', 'status'];
      return [
        `virtualDeviceType ${typeOf(device)}`,
        ...['label', 'summary'].map((name) => showPart(name, textAt(device, 'deviceInfo', name))),
        ...connection.map((name) => showPart(name, textAt(connectable, name))),
      ].join('|');
    })
    .join('@@');
}

function typeOf(device: XmlElement): string {
  return device.attributes.get('xsi:type')?.replace(/^.*:/, '') ?? device.name;
}

function isDisk(device: XmlElement): boolean {
  return typeOf(device) === 'VirtualDisk';
}

function joinDatastores(value: XmlElement, datastores: ReadonlyMap<string, Datastore>): string {
  return value.children
    .map((used) => {
      const name = textAt(used, 'name') ?? '';
      const summary = datastores.get(name)?.summary ?? [];
      return [['name', name] as const, ...summary]
        .map(([key, text]) => showPart(key, text))
        .join('|');
    })
    .join('@@');
}

/** What separates parts cannot stand in one. */
function showPart(key: string, text = ''): string {
  return `${key} ${text.replaceAll('|', ' ').replaceAll('@@', '@ @')}`;
}

function showSnapshot({ id, time, state, name }: Snapshot): string {
  return `${id} ${time ?? 0} ${state} ${name.replaceAll('|', ' ')}`;
}

/** All of a tree, each before those made from it. */
function listSnapshots(trees: readonly XmlElement[], depth = 0): readonly Snapshot[] {
  if (depth >= deepestSnapshot) return [];
  return trees.flatMap((tree) => [
    {
      id: textAt(tree, 'id') ?? '',
      time: toSeconds(textAt(tree, 'createTime')),
      state: textAt(tree, 'state') ?? '',
      name: textAt(tree, 'name') ?? '',
    },
    ...listSnapshots(childrenOf(tree, 'childSnapshotList'), depth + 1),
  ]);
}

/** An `xsd:dateTime` → Unix seconds; without a zone it is UTC, as servers mean it. */
export function toSeconds(text: string | undefined): number | undefined {
  const zoned = /(Z|[+-]\d\d:\d\d)$/.test(text ?? '') ? text : `${text}Z`;
  const ms = Date.parse(zoned ?? '');
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}
