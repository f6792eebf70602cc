/** What a server says of itself before a login: its version and its managers. */

import { CourierError } from '../../../faults/errors.ts';
import { childOf, textAt, type XmlElement } from '../../xml/element.ts';
import { type ManagedObject, readReference } from '../soap/managed-object.ts';

export interface ServiceContent {
  /** For `esx_systeminfo`, in its order; what the server does not say is left out. */
  readonly fields: readonly (readonly [string, string])[];
  readonly rootFolder: ManagedObject;
  readonly propertyCollector: ManagedObject;
  readonly sessionManager: ManagedObject;
  /** Undefined on a server without one. */
  readonly perfManager: ManagedObject | undefined;
  readonly licenseManager: ManagedObject | undefined;
}

const about = new Set(['apiVersion', 'name', 'version', 'build', 'vendor', 'osType']);

const told = [
  'apiVersion',
  'name',
  'rootFolder',
  'perfManager',
  'sessionManager',
  'licenseManager',
  'propertyCollector',
  'version',
  'build',
  'vendor',
  'osType',
];

/**
 * @param result of RetrieveServiceContent
 * @throws CourierError PEER, where it is not that of a vSphere server
 */
export function readServiceContent(result: XmlElement, place: string): ServiceContent {
  const content = childOf(result, 'returnval');
  const manager = (name: string) => readReference(childOf(content, name));
  const demand = (name: string) => {
    const found = manager(name);
    if (found !== undefined) return found;
    const why = `the server names no ${name}: no vCenter or ESXi host answers there`;
    throw new CourierError('PEER', `${place}: ${why}`);
  };
  const fields = told.flatMap((name) => {
    const value = about.has(name) ? textAt(content, 'about', name) : textAt(content, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    fields,
    rootFolder: demand('rootFolder'),
    propertyCollector: demand('propertyCollector'),
    sessionManager: demand('sessionManager'),
    perfManager: manager('perfManager'),
    licenseManager: manager('licenseManager'),
  };
}
