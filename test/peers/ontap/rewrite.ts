/** Another system out of one: other values in the same places. */

import type { Records } from './estate.ts';
import type { Json, JsonObject } from './query.ts';

/** What becomes of a value that is neither list nor object, at its dotted path. */
export type Change = (value: Json, path: string) => Json;

function walk(value: Json, path: string, change: Change): Json {
  if (Array.isArray(value)) return value.map((item: Json) => walk(item, path, change));
  if (typeof value !== 'object' || value === null) return change(value, path);
  return walkObject(value, path, change);
}

function walkObject(object: object, path: string, change: Change): JsonObject {
  const entries: readonly [string, Json][] = Object.entries(object);
  const prefix = path === '' ? '' : `${path}.`;
  return Object.fromEntries(
    entries.map(([key, own]) => [key, walk(own, `${prefix}${key}`, change)]),
  );
}

export function rewrite(records: Records, change: Change): Records {
  return new Map(
    [...records].map(([path, list]) => [
      path,
      list.map((record) => walkObject(record, '', change)),
    ]),
  );
}
