/** Texts with `{name}` in them. */

import { CourierError, quote } from '../../faults/errors.ts';
import { isIpv6Address } from '../../names/ip-address.ts';

/** `{url}`, `{item.uuid}`. Braces around anything else are as they stand. */
const placeholder = /\{([A-Za-z][A-Za-z0-9_]*)((?:\.[A-Za-z0-9_-]+)*)\}/g;

/** Where a filled text goes: into a URL it is encoded as its place there needs it. */
export type Place = 'text' | 'url';

/** What a name stands for; undefined when it has no value. */
export type LookUp = (name: string) => unknown;

/** Names that a text needs. */
function namesIn(template: string): readonly string[] {
  return [...template.matchAll(placeholder)].map(([, name = '']) => name);
}

/** The same of all texts in a structure. */
export function namesInAll(value: unknown): readonly string[] {
  if (typeof value === 'string') return namesIn(value);
  if (Array.isArray(value)) return value.flatMap(namesInAll);
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(namesInAll);
}

/** @throws CourierError CONFIG for a name without a value */
export function fill(template: string, place: Place, lookUp: LookUp): string {
  return template.replace(placeholder, (_, name: string, path: string, offset: number) => {
    const value = toText(descend(lookUp(name), path), `{${name}${path}}`);
    if (place === 'text' || offset === 0) return value;
    return isInAuthority(template, offset) ? encodeHost(value) : encodeURIComponent(value);
  });
}

/** A structure with all its texts filled; one that is nothing but a name becomes its value. */
export function fillAll(value: unknown, lookUp: LookUp): unknown {
  if (typeof value === 'string') {
    const [whole, name = '', path = ''] = [...value.matchAll(placeholder)][0] ?? [];
    return whole === value ? descend(lookUp(name), path) : fill(value, 'text', lookUp);
  }
  if (Array.isArray(value)) return value.map((part) => fillAll(part, lookUp));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, fillAll(part, lookUp)]),
  );
}

/** Whether the origin of a URL hangs on nothing but names that `isOwn` knows. */
export function hasOwnOrigin(template: string, isOwn: (name: string) => boolean): boolean {
  const [origin] = /^(?:[a-z][a-z0-9+.-]*|\{\w+\}):\/\/[^/?#]*/i.exec(template) ?? [];
  if (origin !== undefined) return namesIn(origin).every(isOwn);
  const [, name, after = ''] = /^\{(\w+)\}(.?)/s.exec(template) ?? [];
  return name !== undefined && isOwn(name) && ['', '/', '?', '#'].includes(after);
}

function descend(value: unknown, path: string): unknown {
  let found = value;
  for (const key of path.split('.').slice(1)) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = Reflect.get(found, key);
  }
  return found;
}

function toText(value: unknown, written: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.map((part) => toText(part, written)).join(',');
  if (value === undefined || value === null) {
    throw new CourierError('CONFIG', `${quote(written)} has no value`);
  }
  throw new CourierError('CONFIG', `${quote(written)} is an object, not a text`);
}

function isInAuthority(template: string, offset: number): boolean {
  return /^(?:[a-z][a-z0-9+.-]*|\{\w+\}):\/\/[^/?#]*$/i.test(template.slice(0, offset));
}

function encodeHost(value: string): string {
  const [address = '', zone] = value.split('%');
  if (!isIpv6Address(address)) return encodeURIComponent(value);
  return `[${address}${zone === undefined ? '' : `%25${zone}`}]`;
}
