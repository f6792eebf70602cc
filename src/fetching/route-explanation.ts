/** Which route a host has, why, and all rules that apply to it. */

import type { RawOptions } from '../cli/options.ts';
import { cleanText } from '../faults/errors.ts';
import { loadRoutes } from '../routes/load.ts';
import { whyNot } from '../routes/match.ts';
import type { Route, RouteSettings, RouteSource } from '../routes/route.ts';
import { formatDuration } from '../times/durations.ts';
import { catalogEntry } from '../transports/catalog.ts';
import { parseSourceUri, showFilled, type Target } from '../transports/source.ts';

export interface Explanation {
  readonly path: string;
  readonly host: string;
  /** Routes that were tried before it and do not fit, with the reason. */
  readonly passedOver: readonly {
    readonly name: string;
    readonly line: number;
    readonly why: string;
  }[];
  /** Null when none fits. */
  readonly route: ExplainedRoute | null;
}

interface ExplainedRoute {
  readonly name: string;
  readonly line: number;
  readonly sources: readonly ExplainedSource[];
  /** Asked beside them, and added to what they bring. */
  readonly with: readonly ExplainedSource[];
  readonly settings: ExplainedSettings;
}

interface ExplainedSource {
  readonly uri: string;
  readonly transport: string;
  readonly line: number;
  readonly options: RawOptions;
  readonly timeoutMs: number | null;
}

/** Lengths of time and sizes as numbers; null where there is no limit of its own. */
interface ExplainedSettings {
  readonly pick: RouteSettings['pick'];
  readonly maxAgeMs: number | null;
  readonly maxSkewMs: number;
  readonly maxSizeBytes: number;
  readonly deadlineMs: number;
  readonly timeoutMs: number | null;
  readonly graceMs: number;
  readonly piggyback: readonly string[];
  readonly sections: readonly string[];
  readonly lenient: boolean;
  readonly strict: boolean;
  readonly seal: 'enrolled' | 'required';
  readonly report: RouteSettings['report'];
  readonly everyMs: number | null;
  readonly passphraseFile: string | null;
  readonly passphraseId: string | null;
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
  return { path, host: target.host, passedOver, route: null };
}

function explainChosen(route: Route, target: Target): ExplainedRoute {
  const explain = (source: RouteSource) => explainSource(source, target);
  return {
    name: route.name,
    line: route.line,
    sources: route.sources.map(explain),
    with: route.with.map(explain),
    settings: describeSettings(route.settings),
  };
}

function explainSource({ uri: text, line, options, timeoutMs }: RouteSource, target: Target) {
  const uri = parseSourceUri(text);
  const { transport } = catalogEntry(uri.scheme);
  return { uri: showFilled(uri, target), transport, line, options, timeoutMs: timeoutMs ?? null };
}

function describeSettings(settings: RouteSettings): ExplainedSettings {
  const { maxAgeMs, piggyback, secrets } = settings;
  const { allow, deny } = settings.sections;
  return {
    pick: settings.pick,
    maxAgeMs: Number.isFinite(maxAgeMs) ? maxAgeMs : null,
    maxSkewMs: settings.maxSkewMs,
    maxSizeBytes: settings.maxOutputBytes,
    deadlineMs: settings.deadlineMs,
    timeoutMs: settings.timeoutMs ?? null,
    graceMs: settings.graceMs,
    piggyback: piggyback.kind === 'patterns' ? piggyback.patterns : [piggyback.kind],
    sections: [...allow, ...deny.map((name) => `!${name}`)],
    lenient: settings.lenient,
    strict: settings.strict,
    seal: settings.seal,
    report: settings.report,
    everyMs: settings.everyMs ?? null,
    passphraseFile: secrets['passphraseFile']?.[0] ?? null,
    passphraseId: secrets['passphraseId']?.[0] ?? null,
  };
}

/** In words, under the names the file has. */
function toWords(settings: ExplainedSettings): Readonly<Record<string, string>> {
  const { maxAgeMs, timeoutMs, graceMs, everyMs, passphraseFile, passphraseId } = settings;
  const yesOrNo = (is: boolean) => (is ? 'yes' : 'no');
  return {
    pick: settings.pick,
    maxAge: maxAgeMs === null ? 'unlimited' : formatDuration(maxAgeMs),
    maxSkew: formatDuration(settings.maxSkewMs),
    maxSize: inLargestUnit(settings.maxSizeBytes),
    deadline: formatDuration(settings.deadlineMs),
    timeout: timeoutMs === null ? 'a share of the deadline' : formatDuration(timeoutMs),
    grace: graceMs === 0 ? 'none' : formatDuration(graceMs),
    piggyback: settings.piggyback.join(', '),
    sections: settings.sections.join(', ') || 'all',
    lenient: yesOrNo(settings.lenient),
    strict: yesOrNo(settings.strict),
    seal: settings.seal,
    report: settings.report,
    every: everyMs === null ? 'only when the site asks' : formatDuration(everyMs),
    ...(passphraseFile === null ? {} : { passphraseFile }),
    ...(passphraseId === null ? {} : { passphraseId }),
  };
}

const sizeUnits = [
  ['GiB', 1024 ** 3],
  ['GB', 1000 ** 3],
  ['MiB', 1024 ** 2],
  ['MB', 1000 ** 2],
  ['KiB', 1024],
  ['kB', 1000],
] as const;

/** The exact size as people write it: `64MiB`, `5MB`, `1234567 bytes`. */
function inLargestUnit(bytes: number): string {
  const [unit, size] = sizeUnits.find(([, size]) => bytes % size === 0) ?? [' bytes', 1];
  return `${bytes / size}${unit}`;
}

/** For people. */
export function toText({ path, host, passedOver, route }: Explanation): string {
  const lines = passedOver.map(({ line, name, why }) => `${path}:${line}: ${name}: ${why}`);
  if (route === null) return toLines([...lines, `${host} has no route`]);
  lines.push(`${path}:${route.line}: ${route.name}: is the route of ${host}`);
  lines.push(...route.sources.map((source, index) => `  source ${index + 1} ${toWordsOf(source)}`));
  lines.push(...route.with.map((source, index) => `  with ${index + 1} ${toWordsOf(source)}`));
  for (const [name, value] of Object.entries(toWords(route.settings)))
    lines.push(`  ${name}: ${value}`);
  return toLines(lines);
}

function toWordsOf({ uri, transport, options, timeoutMs }: ExplainedSource): string {
  const given = Object.entries(options).map(([name, values]) => `${name}=${values.join(',')}`);
  const timeout = timeoutMs === null ? [] : [`timeout=${formatDuration(timeoutMs)}`];
  return `${transport} ${uri} ${[...given, ...timeout].join(' ')}`;
}

function toLines(lines: readonly string[]): string {
  return lines
    .map((line) => `${line.startsWith('  ') ? '  ' : ''}${cleanText(line, 500)}\n`)
    .join('');
}
