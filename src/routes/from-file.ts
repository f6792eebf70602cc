/** Turns what the schema has read into routes, with the defaults worked in. */

import { dirname, resolve } from 'node:path';
import { isMap, isNode, isSeq, type Node } from 'yaml';
import { parsePiggybackRule, parseSectionRule } from '../agent-output/filter.ts';
import { defaultMaxSkewMs } from '../times/skew.ts';
import { parseHostPatterns } from './patterns.ts';
import type { Layout } from './problems.ts';
import type { Route, RouteSettings, RouteSource, Routes, TagConditions } from './route.ts';
import type { RoutesFile, SettingsInFile } from './schema.ts';

type RouteInFile = RoutesFile['routes'][number];

export function toRoutes(file: RoutesFile, path: string, layout: Layout): Routes {
  const { concurrency = 128, perPeer = 8, hostList } = file.collector ?? {};
  const places = itemsAt(itemAt(layout.root, 'routes'));
  return {
    path,
    routes: file.routes.map((route, index) =>
      toRoute(route, file.defaults ?? {}, { ...layout, root: places[index] ?? null }),
    ),
    collector: { concurrency, perPeer, hostList: hostList && resolve(dirname(path), hostList) },
  };
}

function toRoute(route: RouteInFile, defaults: SettingsInFile, layout: Layout): Route {
  const { name = route.hosts[0] ?? '', hosts, tags = [], sources } = route;
  const line = lineOf(layout.root, layout);
  return {
    name,
    line,
    hosts: parseHostPatterns(hosts),
    tags: toTagConditions(tags),
    sources: toSources(sources, 'sources', layout),
    with: toSources(route.with ?? [], 'with', layout),
    settings: toSettings(withDefaults(route, defaults)),
  };
}

function toSources(
  sources: RouteInFile['sources'],
  key: 'sources' | 'with',
  layout: Layout,
): readonly RouteSource[] {
  const given = itemAt(layout.root, key);
  const places = isSeq(given) ? itemsAt(given) : [given].filter(isNode);
  return sources.map((source, index) => ({
    ...source,
    line: lineOf(places[index] ?? layout.root, layout),
  }));
}

/**
 * A passphrase of the route replaces that of the defaults, whether from a file or from the store.
 */
function withDefaults(route: SettingsInFile, defaults: SettingsInFile): SettingsInFile {
  const hasOwn = route.passphraseFile !== undefined || route.passphraseId !== undefined;
  const { passphraseFile, passphraseId, ...others } = defaults;
  return { ...(hasOwn ? others : defaults), ...route };
}

function toTagConditions(tags: readonly string[]): TagConditions {
  return {
    required: tags.filter((tag) => !tag.startsWith('!')),
    forbidden: tags.filter((tag) => tag.startsWith('!')).map((tag) => tag.slice(1)),
  };
}

const minuteMs = 60_000;

function toSettings(given: SettingsInFile): RouteSettings {
  const { passphraseFile, passphraseId } = given;
  return {
    maxAgeMs: given.maxAge ?? 5 * minuteMs,
    maxSkewMs: given.maxSkew ?? defaultMaxSkewMs,
    maxOutputBytes: given.maxSize ?? 64 * 1024 * 1024,
    deadlineMs: given.deadline ?? 50_000,
    timeoutMs: given.timeout,
    lenient: given.lenient ?? false,
    strict: given.strict ?? false,
    seal: given.seal ?? 'enrolled',
    pick: given.pick ?? 'first',
    graceMs: given.grace ?? 0,
    piggyback: given.piggyback ?? parsePiggybackRule([]),
    sections: given.sections ?? parseSectionRule([]),
    report: given.report ?? 'none',
    everyMs: given.every,
    pool: given.pool,
    secrets: {
      ...(passphraseFile === undefined ? {} : { passphraseFile: [passphraseFile] }),
      ...(passphraseId === undefined ? {} : { passphraseId: [passphraseId] }),
    },
  };
}

function itemAt(node: Node | null, key: string): unknown {
  return isMap(node) ? node.get(key, true) : undefined;
}

function itemsAt(node: unknown): readonly Node[] {
  return isSeq<Node>(node) ? node.items : [];
}

function lineOf(node: Node | null, { lineOf: lineAt }: Layout): number {
  return lineAt(node?.range?.[0] ?? 0);
}
