/** Which route a host has, why, and all that holds for it. */

import type { SectionRule } from '../agent-output/filter.ts';
import type { RawOptions } from '../cli/options.ts';
import { cleanText } from '../faults/errors.ts';
import { loadRoutes } from '../routes/load.ts';
import { whyNot } from '../routes/match.ts';
import type { Route, RouteSettings } from '../routes/route.ts';
import { catalogEntry } from '../transports/catalog.ts';
import { parseSourceUri, showFilled, type Target } from '../transports/source.ts';
import { formatDuration } from './durations.ts';

export interface Explanation {
  readonly path: string;
  readonly host: string;
  /** Routes that were tried before it and do not fit, with the reason. */
  readonly passedOver: readonly {
    readonly name: string;
    readonly line: number;
    readonly why: string;
  }[];
  readonly route: ExplainedRoute | undefined;
}

interface ExplainedRoute {
  readonly name: string;
  readonly line: number;
  readonly sources: readonly ExplainedSource[];
  readonly settings: Readonly<Record<string, string>>;
}

interface ExplainedSource {
  readonly uri: string;
  readonly transport: string;
  readonly line: number;
  readonly options: RawOptions;
  readonly timeout: string | undefined;
}

/** @throws CourierError about the routes file */
export async function explainRoute(
  path: string,
  target: Target,
  tags: readonly string[],
): Promise<Explanation> {
  const { routes } = await loadRoutes(path);
  const passedOver: { name: string; line: number; why: string }[] = [];
  for (const route of routes) {
    const why = whyNot(route, target.host, tags);
    if (why === undefined) {
      return { path, host: target.host, passedOver, route: explainChosen(route, target) };
    }
    passedOver.push({ name: route.name, line: route.line, why });
  }
  return { path, host: target.host, passedOver, route: undefined };
}

function explainChosen({ name, line, sources, settings }: Route, target: Target): ExplainedRoute {
  const explained = sources.map((source) => {
    const uri = parseSourceUri(source.uri);
    const { options, timeoutMs } = source;
    return {
      uri: showFilled(uri, target),
      transport: catalogEntry(uri.scheme).transport,
      line: source.line,
      options,
      timeout: timeoutMs === undefined ? undefined : formatDuration(timeoutMs),
    };
  });
  return { name, line, sources: explained, settings: describeSettings(settings) };
}

function describeSettings(settings: RouteSettings): Readonly<Record<string, string>> {
  const { graceMs, everyMs, timeoutMs, piggyback, secrets } = settings;
  const rule = piggyback.kind === 'patterns' ? piggyback.patterns.join(', ') : piggyback.kind;
  return {
    pick: settings.pick,
    maxAge: Number.isFinite(settings.maxAgeMs) ? formatDuration(settings.maxAgeMs) : 'unlimited',
    maxSkew: formatDuration(settings.maxSkewMs),
    maxSize: `${settings.maxOutputBytes} bytes`,
    deadline: formatDuration(settings.deadlineMs),
    timeout: timeoutMs === undefined ? 'a share of the deadline' : formatDuration(timeoutMs),
    grace: graceMs === 0 ? 'none' : formatDuration(graceMs),
    piggyback: rule,
    sections: describeSections(settings.sections),
    lenient: settings.lenient ? 'yes' : 'no',
    strict: settings.strict ? 'yes' : 'no',
    report: settings.report ? 'yes' : 'no',
    every: everyMs === undefined ? 'only when the site asks' : formatDuration(everyMs),
    ...Object.fromEntries(Object.entries(secrets).map(([name, [file = '']]) => [name, file])),
  };
}

function describeSections({ allow, deny }: SectionRule): string {
  const all = [...allow, ...deny.map((name) => `!${name}`)];
  return all.length === 0 ? 'all' : all.join(', ');
}

/** For people. */
export function toText({ path, host, passedOver, route }: Explanation): string {
  const lines = passedOver.map(({ line, name, why }) => `${path}:${line}: ${name}: ${why}`);
  if (route === undefined) return toLines([...lines, `${host} has no route`]);
  lines.push(`${path}:${route.line}: ${route.name}: is the route of ${host}`);
  for (const [index, { uri, transport, options, timeout }] of route.sources.entries()) {
    const given = Object.entries(options).map(([name, values]) => `${name}=${values.join(',')}`);
    const about = [...given, ...(timeout === undefined ? [] : [`timeout=${timeout}`])];
    lines.push(`  source ${index + 1} ${transport} ${uri} ${about.join(' ')}`);
  }
  for (const [name, value] of Object.entries(route.settings)) lines.push(`  ${name}: ${value}`);
  return toLines(lines);
}

function toLines(lines: readonly string[]): string {
  return lines
    .map((line) => `${line.startsWith('  ') ? '  ' : ''}${cleanText(line, 500)}\n`)
    .join('');
}
