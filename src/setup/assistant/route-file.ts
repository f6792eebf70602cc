/**
 * A route for one host in the routes file. What is in the file stays as it is, byte for byte: a
 * route is put in front of the one that the host would come to, or it is left to people.
 */

import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Invocation } from '../../cli/command.ts';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { ruleOptions } from '../../fetching/fetch-options.ts';
import { makeDirectory, pathStatus, readWholeFile, resolveLinks } from '../../files/file-calls.ts';
import type { HostName } from '../../names/host-name.ts';
import { readRoutes } from '../../routes/load.ts';
import { findRoute } from '../../routes/match.ts';
import { replaceFile } from '../../system/durable-files.ts';
import { withLockFile } from '../../system/lock-file.ts';
import { requireTrusted } from '../../system/trusted-path.ts';

/** A route as it stands in the file. */
type Content = Readonly<Record<string, unknown>>;

export type RouteChange =
  /** The host has a route of its own name already. */
  | {
      readonly kind: 'there';
      readonly line: number;
      readonly isCollected: boolean;
      /** Whether its sources are those that were asked for. */
      readonly hasThem: boolean;
    }
  /** All of the file as it shall be, and as it was; undefined: there was none. */
  | {
      readonly kind: 'write';
      readonly text: string;
      readonly added: string;
      readonly before: string | undefined;
    }
  /** The file is written in a way that we cannot add to without changing it. */
  | { readonly kind: 'by hand'; readonly added: string; readonly why: string };

/** A route with the sources of a command line of fetch, and its options under their names. */
export function toRouteContent(host: HostName, invocation: Invocation): Content {
  const { alternatives = [], with: beside = [], ...first } = invocation;
  const isRule = (name: string) => Object.hasOwn(ruleOptions, name);
  const rules = Object.entries(first.options).filter(([name]) => isRule(name));
  const toSources = ({ operands, options }: Invocation) => {
    const own = Object.entries(options).filter(
      ([name]) => !isRule(name) || options !== first.options,
    );
    return operands.map((uri) => (own.length === 0 ? uri : { uri, ...toKeys(own) }));
  };
  const sources = [first, ...alternatives].flatMap(toSources);
  const added = beside.length === 0 ? {} : { with: beside.flatMap(toSources) };
  return { name: host, hosts: host, sources, ...added, ...toKeys(rules) };
}

function toUris({ sources, with: beside = [] }: Content): readonly unknown[] {
  const all = [sources, beside].filter((list) => Array.isArray(list));
  return all.flat().map((one) => one?.uri ?? one);
}

function toKeys(options: readonly (readonly [string, readonly string[]])[]): Content {
  const entries = options.map(([name, texts]) => {
    const [text = '', ...more] = texts;
    return [name, more.length > 0 ? texts : text === 'true' ? true : text];
  });
  return Object.fromEntries(entries);
}

/**
 * What becomes of the file.
 *
 * @throws CourierError CONFIG or LOCAL when it cannot be read, or others may change it
 */
export async function planRoute(
  path: string,
  host: HostName,
  route: Content,
): Promise<RouteChange> {
  const { stringify } = await import('yaml');
  const added = stringify([route], { lineWidth: 0 });
  await requireTrusted(path);
  const before = await readIfThere(path);
  if (before === undefined) {
    return { kind: 'write', text: `${head}routes:\n${indent(added, '  ')}`, added, before };
  }
  const byHand = (why: string) => ({ kind: 'by hand', added, why }) as const;
  const read = await readRoutes(path);
  if ('problems' in read) {
    const [first] = read.problems;
    return byHand(`line ${first?.line ?? 1} is wrong: ${first?.message}`);
  }
  const { routes } = read.routes;
  const fitting = findRoute(read.routes, host, []);
  if (fitting?.hosts.names.has(host)) {
    const isCollected = fitting.settings.everyMs !== undefined;
    const own = [...fitting.sources, ...fitting.with].map(({ uri }) => uri);
    const hasThem = isDeepStrictEqual(own, toUris(route));
    return { kind: 'there', line: fitting.line, isCollected, hasThem };
  }
  const next = fitting ?? routes[0];
  const text = await insert(before, added, next === undefined ? 0 : routes.indexOf(next));
  return text === undefined
    ? byHand('its routes are not a list with one "- " a line')
    : { kind: 'write', text, added, before };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    // A FIFO in the place of the file must not hold us.
    if (!(await pathStatus(path)).isFile())
      throw new CourierError('CONFIG', `${path}: is not a file`);
    return await readWholeFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw asCourierError(error, `reading ${path}`);
  }
}

const head = `# Which sources the agent output of a host comes from; the first route that fits counts.
# \`cmk-courier routes validate\` checks this file, \`routes explain HOST\` shows what holds for a host.
`;

function indent(text: string, by: string): string {
  return text.replace(/^(?=.)/gm, by);
}

/** The text with the route in front of another; undefined where that cannot be done by adding lines. */
async function insert(before: string, added: string, index: number): Promise<string | undefined> {
  const { parseDocument, isSeq, isNode } = await import('yaml');
  const list = parseDocument(before).get('routes');
  const item = isSeq(list) && !list.flow ? list.items[index] : undefined;
  const start = isNode(item) ? item.range?.[0] : undefined;
  if (start === undefined) return undefined;
  const lines = before.split('\n');
  let at = before.slice(0, start).split('\n').length - 1;
  const [, blank] = /^( *)- /.exec(lines[at] ?? '') ?? [];
  if (blank === undefined) return undefined;
  // Remarks above a route are about it.
  while (/^\s*#/.test(lines[at - 1] ?? '')) at -= 1;
  const text = [...lines.slice(0, at), indent(added, blank).trimEnd(), '', ...lines.slice(at)].join(
    '\n',
  );
  const [old, now] = [before, text].map((one): unknown => parseDocument(one).toJS());
  return isOnlyAdded(old, now, index) ? text : undefined;
}

/** Whether nothing else is different than one route more. */
function isOnlyAdded(old: unknown, now: unknown, index: number): boolean {
  if (!isContent(old) || !isContent(now)) return false;
  const { routes: had, ...rest } = old;
  const { routes: has, ...others } = now;
  if (!Array.isArray(had) || !Array.isArray(has)) return false;
  return isDeepStrictEqual(had, has.toSpliced(index, 1)) && isDeepStrictEqual(rest, others);
}

function isContent(value: unknown): value is Content {
  return typeof value === 'object' && value !== null;
}

/**
 * Puts the file in place, with the mode it had.
 *
 * @throws CourierError CONFIG when others may change it, or somebody has since it was read; LOCAL
 */
export async function writeRoutes(
  path: string,
  { text, before }: Extract<RouteChange, { kind: 'write' }>,
): Promise<void> {
  await makeDirectory(dirname(path), { recursive: true, mode: 0o750 }).catch((error: unknown) => {
    throw asCourierError(error, `writing ${path}`);
  });
  await requireTrusted(path);
  await withLockFile(`${path}.lock`, async () => {
    if ((await readIfThere(path)) !== before) {
      throw new CourierError('CONFIG', `${path}: somebody has changed it meanwhile; do it again`);
    }
    if (before === undefined) return replaceFile(path, text, 0o640);
    // Where it is a link, what it leads to is replaced.
    const real = await resolveLinks(path);
    return replaceFile(real, text, (await pathStatus(real)).mode & 0o777);
  }).catch((error: unknown) => {
    throw asCourierError(error, `writing ${path}`);
  });
}

/** @throws CourierError USAGE for what belongs to the file rather than to a route in it */
export function requireRouteOptions(invocation: Invocation): void {
  const { options, alternatives = [], with: beside = [] } = invocation;
  const given = [options, ...[...alternatives, ...beside].map((other) => other.options)].flatMap(
    Object.keys,
  );
  const wrong = given.find((name) => ['host', 'address', 'routes', 'tags', 'spool'].includes(name));
  if (wrong === undefined) return;
  throw new CourierError('USAGE', `--${wrong} has no place in a route; name the host ahead of --`);
}
