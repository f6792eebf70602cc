/** References to managed objects, and how they are written and read. */

import type { XmlElement } from '../../xml/element.ts';
import { element, text, type Xml } from '../../xml/write-element.ts';

/** A managed object of the server, such as the `HostSystem` called `host-21`. */
export interface ManagedObject {
  readonly type: string;
  readonly id: string;
}

/** The object that every server has. */
export const serviceInstance: ManagedObject = { type: 'ServiceInstance', id: 'ServiceInstance' };

/** A reference as an element of this name. */
export function writeReference(name: string, { type, id }: ManagedObject): Xml {
  return element(name, { type }, text(id));
}

/** @returns undefined where the element is no reference */
export function readReference(from: XmlElement | undefined): ManagedObject | undefined {
  const type = from?.attributes.get('type');
  return from === undefined || type === undefined ? undefined : { type, id: from.text };
}
