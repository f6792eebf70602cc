/**
 * The site's view and the host's together. Facts and codes alone are taken from a host: it may have
 * been taken over. About the way in between its word counts only with what the site has seen.
 */

import { formatDuration } from '../../times/durations.ts';
import { type CauseCode, causes, isCause } from '../causes.ts';
import type { HostReport, HostStep } from '../report/host-report.ts';
import type { StepResult } from '../step.ts';
import type { Learned } from './scene.ts';

interface Both {
  readonly results: readonly StepResult[];
  readonly learned: Partial<Learned>;
  readonly report: HostReport | undefined;
  readonly nowMs: number;
}

interface Judged {
  /** The site's steps, then the host's. */
  readonly shown: readonly StepResult[];
  /** In the order in which one explains the other. */
  readonly explaining: readonly StepResult[];
}

export function judgeTogether({ results, learned, report, nowMs }: Both): Judged {
  const own = explainOriginal(results, learned);
  if (report === undefined) return { shown: own, explaining: own };
  // What an older one tells of its listeners may be over.
  const isNew = isRecent(report, nowMs);
  const site = own.map((result) => (isNew ? withHost(result, report) : result));
  const host = report.steps.map((step) => toResult(step, report, nowMs));
  const shown = [...site, ...host];
  const isPath = site.some(({ status, code }) => status === 'fault' && onTheWay.has(code ?? ''));
  const settled = site.some(({ code }) => code !== null && needBoth.has(code));
  return { shown, explaining: isPath && !settled ? [...host, ...site] : shown };
}

/** What the host explains better than the site can. */
const onTheWay = new Set<string>([
  'port-refused',
  'port-silent',
  'port-closed-at-once',
  'port-hangs',
  'no-route',
  'output-empty',
  'agent-hangs',
  'push-stale',
]);

/** What takes both views to say. */
const needBoth = new Set<string>(['blocked', 'only-from', 'address-loopback', 'pull-host-silent']);

/** Steps of a host that tell of the way as well. */
function withHost(result: StepResult, report: HostReport): StepResult {
  if (result.status !== 'fault') return result;
  const code = findBoth(result.code, report);
  return code === undefined ? result : { ...result, code };
}

function findBoth(code: CauseCode | null, { steps }: HostReport): CauseCode | undefined {
  const listeners = steps.flatMap(({ evidence }) =>
    'listeners' in evidence ? (evidence.listeners ?? []) : [],
  );
  const isLocal = (place: string) => /^(?:127\.|\[?::1\]?:)/.test(place);
  if (code === 'port-silent' || code === 'port-refused' || code === 'no-route') {
    if (listeners.length > 0) return listeners.every(isLocal) ? 'address-loopback' : 'blocked';
  }
  if (code === 'port-refused' && pushesOnly(steps)) return 'pull-host-silent';
  if (code === 'port-closed-at-once' && steps.some(keepsOut)) return 'only-from';
  return undefined;
}

function pushesOnly(steps: readonly HostStep[]): boolean {
  return steps.some(
    ({ evidence }) => 'push' in evidence && (evidence.push ?? 0) > 0 && evidence.pull === 0,
  );
}

function keepsOut(step: HostStep): boolean {
  const { evidence, code } = step;
  return code === 'only-from' || ('site_allowed' in evidence && evidence.site_allowed === false);
}

/** What a host says of the way is a hint, never a verdict. */
const hints = new Set<string>(['blocked', 'receiver-unreachable', 'proxy-in-the-way', 'dns-none']);

/** A report that is older says what was, not what is. */
const mostAgeMs = 15 * 60_000;

function ageOf({ started }: HostReport, nowMs: number): number | undefined {
  return started === null ? undefined : nowMs - Date.parse(started);
}

function isRecent(report: HostReport, nowMs: number): boolean {
  const ageMs = ageOf(report, nowMs);
  return ageMs !== undefined && ageMs <= mostAgeMs;
}

function toResult(step: HostStep, report: HostReport, nowMs: number): StepResult {
  const { id, status, code, raw_error: rawError, evidence, duration_ms: durationMs } = step;
  const known = code !== null && isCause(code) ? code : null;
  const ageMs = ageOf(report, nowMs);
  const isHint = known !== null && hints.has(known);
  const weaker = status === 'fault' && (isHint || !isRecent(report, nowMs));
  const about = known === null ? says[status] : causes[known].text;
  const age =
    ageMs === undefined
      ? 'at a time it does not name'
      : `${formatDuration(Math.max(0, ageMs))} ago`;
  return {
    id: `host-${id}`,
    side: 'host',
    title: `the host: ${id}`,
    status: weaker ? 'warning' : status,
    source: 'report',
    code: known,
    text: `${about}, as it told ${age}`,
    rawError,
    evidence,
    dependsOn: [],
    durationMs,
  };
}

const says: Readonly<Record<HostStep['status'], string>> = {
  ok: 'fine',
  warning: 'something is odd',
  fault: 'something is wrong',
  skipped: 'not looked at',
  unknown: 'nobody could look',
  crashed: 'its doctor broke there',
};

/**
 * What Checkmk says of a program of its own counts unless a step has found a fault; any other
 * complaint is unexplained when all that was looked at is well.
 */
function explainOriginal(
  results: readonly StepResult[],
  { original }: Partial<Learned>,
): readonly StepResult[] {
  if (original === undefined || results.some(({ status }) => status === 'fault')) return results;
  const isWell = results.every(({ code }) => code === null);
  const known = byWords.find(([words]) => words.test(original.text))?.[1];
  const code = known ?? (isWell ? 'unexplained' : null);
  return results.map((result) => (result.id === 'checkmk' ? { ...result, code } : result));
}

/** What Checkmk says of a program. */
const byWords: readonly (readonly [words: RegExp, code: CauseCode])[] = [
  [/not found \(exit code 127\)/, 'program-missing'],
  [/Agent exited with code \d+/, 'program-fails'],
  [/program.*timed out|fetch.* timed out/i, 'program-timeout'],
];
