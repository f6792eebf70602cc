/** What ONTAP makes of a query: fields, filters, pages, and which of them it refuses. */

import { hasField, type Resource, type Version } from './resources.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** An error in ONTAP's own shape. */
export class OntapError extends Error {
  readonly status: number;
  readonly content: JsonObject;

  constructor(status: number, code: string, message: string, target?: string) {
    super(message);
    this.status = status;
    this.content = { error: { message, code, ...(target === undefined ? {} : { target }) } };
  }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every value at a dotted path; several where arrays are passed. */
export function valuesAt(value: Json | undefined, path: readonly string[]): readonly Json[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value.flatMap((item: Json) => valuesAt(item, path));
  const [first, ...rest] = path;
  if (first === undefined) return [value];
  return isObject(value) ? valuesAt(value[first], rest) : [];
}

/** Only the wanted paths of a record. */
export function select(value: Json, paths: readonly (readonly string[])[]): Json {
  if (paths.some((path) => path.length === 0)) return value;
  if (Array.isArray(value)) return value.map((item: Json) => select(item, paths));
  if (!isObject(value)) return value;
  const chosen: [string, Json][] = [];
  for (const [key, own] of Object.entries(value)) {
    const below = paths.filter(([first]) => first === key).map((path) => path.slice(1));
    if (below.length > 0) chosen.push([key, select(own, below)]);
  }
  return Object.fromEntries(chosen);
}

/** Whether a value is `a|b*`: any of them, with `*` for any text; `True`, as Python writes it, is true. */
function toMatcher(pattern: string): (value: Json) => boolean {
  const choices = pattern
    .split('|')
    .map((choice) => choice.replace(/[.+?^${}()[\]\\]/g, '\\$&').replaceAll('*', '.*'));
  const [exact, anyCase] = ['s', 'si'].map(
    (flags) => new RegExp(`^(?:${choices.join('|')})$`, flags),
  );
  return (value) => (typeof value === 'boolean' ? anyCase : exact)?.test(String(value)) === true;
}

const general = ['fields', 'max_records', 'return_timeout', 'return_records', 'order_by'];

/** A parameter as the command line writes it, `is-peer-selected`, is one of the private paths'. */
function toFieldName(name: string, path: string): string {
  return path.startsWith('/private/cli/') ? name.replaceAll('-', '_') : name;
}

/** The fields asked for, after a look whether the resource has them. */
export function readFields(
  path: string,
  query: URLSearchParams,
  { keys, fields }: Resource,
  version: Version,
): readonly (readonly string[])[] {
  const wanted = (query.get('fields') ?? '').split(',').filter((name) => name !== '');
  const names = wanted.map((name) => toFieldName(name, path));
  for (const [index, name] of names.entries()) {
    if (name === '*' || name === '**') return [[]];
    if (!hasField(fields, name, version)) {
      const message = `The value "${wanted[index]}" is invalid for field "fields" (<field,...>)`;
      throw new OntapError(400, '262197', message, 'fields');
    }
  }
  return [...keys, ...names].map((name) => name.split('.'));
}

/** Refuses parameters that are neither fields nor known, as ONTAP does. */
export function checkParameters(
  path: string,
  query: URLSearchParams,
  { keys, fields, parameters }: Resource,
  version: Version,
): void {
  for (const name of new Set(query.keys())) {
    const isStart = name.startsWith('start.') && keys.includes(name.slice('start.'.length));
    const isKnown = general.includes(name) || parameters.includes(name) || isStart;
    if (isKnown || hasField(fields, toFieldName(name, path), version)) continue;
    throw new OntapError(400, '262179', `Unexpected argument "${name}".`, name);
  }
  for (const name of ['max_records', 'return_timeout']) {
    const value = query.get(name);
    if (value === null || /^\d+$/.test(value)) continue;
    throw new OntapError(400, '262197', `"${value}" is an invalid value for "${name}"`, name);
  }
}

/** The records a query's filters leave; a filter on counters also thins them out. */
export function filter(
  records: readonly JsonObject[],
  query: URLSearchParams,
  path: string,
): readonly JsonObject[] {
  const filters = [...query]
    .filter(([name]) => !general.includes(name) && !name.startsWith('start.'))
    .map(([name, pattern]) => ({
      at: toFieldName(name, path).split('.'),
      isMatch: toMatcher(pattern),
    }));
  const kept = records.filter((record) =>
    filters.every(({ at, isMatch }) => valuesAt(record, at).some(isMatch)),
  );
  const counters = query.get('counters.name');
  if (counters === null) return kept;
  const isWanted = toMatcher(counters);
  return kept.map((record) => ({
    ...record,
    counters: valuesAt(record, ['counters']).filter((counter) =>
      valuesAt(counter, ['name']).some(isWanted),
    ),
  }));
}
