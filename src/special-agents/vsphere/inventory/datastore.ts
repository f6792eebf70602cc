/** A datastore of the inventory. */

import { type FoundObject, textOf } from '../soap/found-objects.ts';

export interface Datastore {
  readonly id: string;
  readonly name: string;
  /** The last part of each property of `summary`, with its value, sorted. */
  readonly summary: readonly (readonly [string, string])[];
}

export function readDatastore(found: FoundObject): Datastore {
  const summary = [...found.properties]
    .filter(([path]) => path.startsWith('summary.'))
    .map(([path, { text }]) => [path.replace(/^.*\./, ''), text] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return { id: found.object.id, name: textOf(found, 'name') ?? found.object.id, summary };
}
