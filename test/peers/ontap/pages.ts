/** Pages: where one ends, and the link to the next. */

import { type JsonObject, OntapError, valuesAt } from './query.ts';
import type { Resource } from './resources.ts';

export interface Page {
  readonly records: readonly JsonObject[];
  readonly next: string | undefined;
}

/** What tells a record from all others: the value of the last key, with those before it. */
function toKey(record: JsonObject, { keys }: Resource): readonly string[] {
  return keys.map((key) => String(valuesAt(record, key.split('.'))[0] ?? ''));
}

function toLink(path: string, query: URLSearchParams, { keys }: Resource, key: readonly string[]) {
  const parameters = [...query].filter(([name]) => !name.startsWith('start.'));
  const starts = keys.map((name, index) => [`start.${name}`, key[index] ?? '']);
  return `/api${path}?${new URLSearchParams([...starts, ...parameters])}`;
}

function findStart(
  records: readonly JsonObject[],
  query: URLSearchParams,
  resource: Resource,
): number {
  const wanted = resource.keys.map((name) => query.get(`start.${name}`));
  if (wanted.every((value) => value === null)) return 0;
  const found = records.findIndex((record) =>
    toKey(record, resource).every((value, index) => value === wanted[index]),
  );
  if (found < 0) throw new OntapError(400, '262185', 'Invalid value for a start parameter.');
  return found;
}

/**
 * One page of the records.
 *
 * @param most the most records on a page, whatever the query asks for
 * @param isEmpty whether nothing was found before the time of this page was over: ONTAP then
 *   answers with no record and a link to the same place
 */
export function takePage(
  path: string,
  records: readonly JsonObject[],
  query: URLSearchParams,
  { resource, most, isEmpty }: { resource: Resource; most: number; isEmpty: boolean },
): Page {
  const asked = Number(query.get('max_records') ?? most) || most;
  const from = findStart(records, query, resource);
  const until = isEmpty ? from : from + Math.min(asked, most);
  const following = records[until];
  return {
    records: records.slice(from, until),
    next:
      following === undefined
        ? undefined
        : toLink(path, query, resource, toKey(following, resource)),
  };
}
