/**
 * What the property collector is asked (vsphere.md#properties): which properties of which type, and
 * how to get from the root folder to every object.
 */

import { element, textElement, type Xml } from '../../xml/write-element.ts';
import { type ManagedObject, writeReference } from './managed-object.ts';

/** What is wanted of the objects of one type. */
export interface Wanted {
  readonly type: string;
  readonly paths: readonly string[];
}

/** Objects in one answer: a page of 100 virtual machines is about a megabyte. */
const pageSize = 100;

interface Way {
  readonly name: string;
  readonly type: string;
  readonly path: string;
  /** The ways that lead on from there. */
  readonly onward: readonly string[];
}

/** From folders through data centers and clusters to hosts, machines and datastores. */
const ways: readonly Way[] = [
  {
    name: 'visitFolders',
    type: 'Folder',
    path: 'childEntity',
    onward: ['visitFolders', 'dcToHf', 'dcToDs', 'crToH', 'crToRp'],
  },
  { name: 'dcToHf', type: 'Datacenter', path: 'hostFolder', onward: ['visitFolders'] },
  { name: 'dcToDs', type: 'Datacenter', path: 'datastore', onward: [] },
  { name: 'crToH', type: 'ComputeResource', path: 'host', onward: [] },
  { name: 'crToRp', type: 'ComputeResource', path: 'resourcePool', onward: ['rpToRp', 'appToVm'] },
  { name: 'rpToRp', type: 'ResourcePool', path: 'resourcePool', onward: ['rpToRp', 'appToVm'] },
  { name: 'appToVm', type: 'VirtualApp', path: 'vm', onward: [] },
  {
    name: 'visitVmFolders',
    type: 'Folder',
    path: 'childEntity',
    onward: ['visitVmFolders', 'dcToVmf'],
  },
  { name: 'dcToVmf', type: 'Datacenter', path: 'vmFolder', onward: ['visitVmFolders'] },
];

/**
 * The ways to the objects of a type, so that a server looks at no machine for the sake of a host.
 * Machines are in folders, those of a vApp, which is a resource pool as well, in that alone. Folders
 * are gone through twice, since no way may lead on from a machine: the simulator takes each way that
 * leads on from an object whatever its type, and would go from each machine through its pool to all
 * machines of that pool.
 */
const waysTo: Readonly<Record<string, readonly string[]>> = {
  HostSystem: ['visitFolders', 'dcToHf', 'crToH'],
  Datastore: ['visitFolders', 'dcToDs'],
  Datacenter: ['visitFolders'],
  ClusterComputeResource: ['visitFolders', 'dcToHf'],
  VirtualMachine: [
    'visitFolders',
    'dcToHf',
    'crToRp',
    'rpToRp',
    'appToVm',
    'visitVmFolders',
    'dcToVmf',
  ],
};

/**
 * The parameters of RetrievePropertiesEx for one type.
 *
 * @param from where the search begins; `object` asks for the properties of that object alone
 */
export function writeRetrieve(
  wanted: Wanted,
  from: ManagedObject,
  reach: 'object' | 'below',
): readonly Xml[] {
  const objectSet = element(
    'objectSet',
    {},
    writeReference('obj', from),
    ...(reach === 'below'
      ? [textElement('skip', false), ...writeWays(waysTo[wanted.type] ?? [])]
      : []),
  );
  const propSet = element(
    'propSet',
    {},
    textElement('type', wanted.type),
    ...wanted.paths.map((path) => textElement('pathSet', path)),
  );
  return [
    element('specSet', {}, propSet, objectSet),
    element('options', {}, textElement('maxObjects', pageSize)),
  ];
}

function writeWays(names: readonly string[]): readonly Xml[] {
  const used = ways.filter(({ name }) => names.includes(name));
  return used.map((way) => writeWay(way, names));
}

function writeWay({ name, type, path, onward }: Way, names: readonly string[]): Xml {
  return element(
    'selectSet',
    { 'xsi:type': 'TraversalSpec' },
    textElement('name', name),
    textElement('type', type),
    textElement('path', path),
    textElement('skip', false),
    ...onward
      .filter((next) => names.includes(next))
      .map((next) => element('selectSet', {}, textElement('name', next))),
  );
}
