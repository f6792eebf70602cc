/** Reads the objects that the property collector found: `ObjectContent` of the API. */

import { CourierError } from '../../../faults/errors.ts';
import { childOf, childrenOf, textAt, type XmlElement } from '../../xml/element.ts';
import { type ManagedObject, readReference } from './managed-object.ts';

/** An object with those of its wanted properties that are set. */
export interface FoundObject {
  readonly object: ManagedObject;
  /** The `val` of each property by its path. */
  readonly properties: ReadonlyMap<string, XmlElement>;
  /** Why others were not given, by path: the name of the fault without `Fault`. */
  readonly missing: ReadonlyMap<string, string>;
}

/** @throws CourierError PEER, where the element names no object */
export function readFoundObject(content: XmlElement): FoundObject {
  const object = readReference(childOf(content, 'obj'));
  if (object === undefined || object.id === '') {
    throw new CourierError('PEER', 'the server names no object where one should be');
  }
  const properties = new Map<string, XmlElement>();
  for (const property of childrenOf(content, 'propSet')) {
    const value = childOf(property, 'val');
    if (value !== undefined) properties.set(textAt(property, 'name') ?? '', value);
  }
  const missing = childrenOf(content, 'missingSet').map(readMissing);
  return { object, properties, missing: new Map(missing) };
}

function readMissing(missing: XmlElement): readonly [string, string] {
  const fault = childOf(childOf(missing, 'fault'), 'fault');
  const named = fault?.attributes.get('xsi:type') ?? '';
  return [textAt(missing, 'path') ?? '', named.replace(/^.*:/, '').replace(/Fault$/, '')];
}

/** The text of a property; undefined where it is not set. */
export function textOf({ properties }: FoundObject, path: string): string | undefined {
  return properties.get(path)?.text;
}
