/**
 * The site's view and the host's together. Facts and codes alone are taken from a host: it may have
 * been taken over. About the way in between its word counts only with what the site has seen.
 */

import { isIPv4 } from 'node:net';
import { type CauseCode, causes } from '../causes.ts';
import type { HostReport, HostStep } from '../report/host-report.ts';
import type { StepResult } from '../step.ts';
import { byBothClocks } from './both-clocks.ts';
import { explains } from './explains.ts';
import { formatAge } from './host-side.ts';
import type { Learned } from './scene.ts';

interface Both {
  readonly results: readonly StepResult[];
  readonly learned: Partial<Learned>;
  readonly nowMs: number;
}

interface Judged {
  /** The site's steps, then the host's. */
  readonly shown: readonly StepResult[];
  /** In the order in which one explains the other. */
  readonly explaining: readonly StepResult[];
}

/** A report that is older says what was, not what is. */
const mostAgeMs = 15 * 60_000;

export function judgeTogether({ results, learned, nowMs }: Both): Judged {
  const found = explainOriginal(results, learned);
  const { hostSide } = learned;
  if (hostSide === undefined) return { shown: found, explaining: putReasonsFirst(found) };
  const own = found.map((result) => byBothClocks(result, hostSide, nowMs));
  const { report, lookedMs } = hostSide;
  const isFresh = lookedMs !== undefined && nowMs - lookedMs <= mostAgeMs;
  const site = isFresh ? own.map((result) => withHost(result, report, learned)) : own;
  const about = { age: formatAge(lookedMs, nowMs), isFresh, site };
  const host = report.steps.map((step) => toResult(step, about));
  const shown = [...site, ...host];
  const seen = site.find(({ status, code }) => status === 'fault' && code !== null);
  const reasons = host.filter(
    ({ status, code }) => status === 'fault' && seen?.code && explains(code, seen.code),
  );
  // As the host's half has it: a full disk ends services, not the other way round.
  const isFirst = ({ id }: StepResult) => id === 'host-system';
  const explaining = [...reasons.filter(isFirst), ...reasons, ...putReasonsFirst(shown)];
  return { shown, explaining };
}

/** What was refused explains that nothing came; it is known when all else is. */
function putReasonsFirst(results: readonly StepResult[]): readonly StepResult[] {
  const refused = results.find(({ id, status }) => id === 'refused' && status === 'fault');
  if (refused === undefined) return results;
  return results.flatMap((result) => {
    if (result.id === 'age') return [refused, result];
    return result === refused ? [] : [result];
  });
}

/** Steps of a host that tell of the way as well. */
function withHost(result: StepResult, report: HostReport, learned: Partial<Learned>): StepResult {
  // Without a route of its own the site has not sent anything.
  if (result.status !== 'fault' || result.id === 'route') return result;
  const code = findBoth(result.code, report, learned);
  return code === undefined ? result : { ...result, code };
}

function findBoth(
  code: CauseCode | null,
  { steps }: HostReport,
  { place }: Partial<Learned>,
): CauseCode | undefined {
  if (code === 'port-silent' || code === 'port-refused' || code === 'no-route') {
    const listeners = place === undefined ? [] : findListeners(steps, place.port);
    const known = steps.find(({ id }) => id === 'listener')?.evidence ?? {};
    if ('queue_full' in known && known.queue_full === true) return 'port-hangs';
    if (place !== undefined && isElsewhere(known, place.address)) return undefined;
    const isLocal = (address: string) => /^(?:127\.|::1$)/.test(address);
    const isAsked = (address: string) => address === place?.address && !isLocal(address);
    if (listeners.some((address) => isAny(address) || isAsked(address))) return 'blocked';
    const isLocalOnly = listeners.length > 0 && listeners.every(isLocal);
    if (code === 'port-refused' && isLocalOnly) return 'address-loopback';
  }
  if (code === 'port-refused' && pushesOnly(steps)) return 'pull-host-silent';
  if (code === 'port-closed-at-once' && steps.some(keepsOut)) return 'only-from';
  return undefined;
}

/** Addresses on which the host listens at the port that the site asks. */
function findListeners(steps: readonly HostStep[], port: number): readonly string[] {
  const all = steps.flatMap(({ evidence }) =>
    'listeners' in evidence ? (evidence.listeners ?? []) : [],
  );
  return all.flatMap((listener) => {
    const [, address = '', at] = /^\[?([^\]]*)\]?:(\d+)$/.exec(listener) ?? [];
    return Number(at) === port ? [address] : [];
  });
}

/** Who was asked may be somebody else, or the host listens in the other family alone. */
function isElsewhere(known: HostStep['evidence'], asked: string): boolean {
  if ('only_ipv6' in known && known.only_ipv6 === true && isIPv4(asked)) return true;
  const addresses = 'addresses' in known ? known.addresses : undefined;
  return addresses !== undefined && addresses.length > 0 && !addresses.includes(asked);
}

function isAny(address: string): boolean {
  return address === '0.0.0.0' || address === '::' || address === '*';
}

function pushesOnly(steps: readonly HostStep[]): boolean {
  return steps.some(
    ({ evidence }) => 'push' in evidence && (evidence.push ?? 0) > 0 && evidence.pull === 0,
  );
}

function keepsOut(step: HostStep): boolean {
  const { evidence, code } = step;
  return (
    (step.status === 'fault' && code === 'only-from') ||
    ('site_allowed' in evidence && evidence.site_allowed === false)
  );
}

/** What a host says of the way is a hint, never a verdict. */
const hints = new Set<string>(['blocked', 'receiver-unreachable', 'proxy-in-the-way', 'dns-none']);

interface About {
  readonly age: string;
  readonly isFresh: boolean;
  /** What the site has seen. */
  readonly site: readonly StepResult[];
}

/** What the site sees refutes a host that says there is nothing to be had. */
function isRefuted(site: readonly StepResult[]): boolean {
  return site.some(
    ({ id, status }) => id === 'output' && (status === 'ok' || status === 'warning'),
  );
}

function toResult(step: HostStep, { age, isFresh, site }: About): StepResult {
  const { id, status, code, raw_error: rawError, evidence, duration_ms: durationMs } = step;
  const isBad = status === 'fault' || status === 'warning';
  // Whoever says that something is wrong has to say what, and who says that all is well nothing.
  const known = isBad ? (code ?? 'unexplained') : null;
  const weaker = !isFresh || isRefuted(site) || (known !== null && hints.has(known));
  const about = known === null ? says[status] : causes[known].text;
  return {
    id: `host-${id}`,
    side: 'host',
    title: `the host: ${id}`,
    status: weaker && status === 'fault' ? 'warning' : status,
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
 * complaint is unexplained when all that was looked at is well. What was asked just now is a fault,
 * what the core has kept a warning: it may be mended since.
 */
function explainOriginal(
  results: readonly StepResult[],
  { original, configuration }: Partial<Learned>,
): readonly StepResult[] {
  if (original === undefined || results.some(({ status }) => status === 'fault')) return results;
  const hasEnded = original.exit !== null;
  const isWell = hasEnded && results.every(({ code }) => code === null);
  const known = byWords.find(([words]) => words.test(original.text))?.[1];
  const late = configuration?.program !== undefined && tooLate.test(original.text);
  const code = known ?? (late ? 'program-timeout' : isWell ? 'unexplained' : null);
  return results.map((result) => {
    if (result.id !== 'checkmk') return result;
    if (code === null) return result;
    const isProved = result.source === 'probe' && hasEnded;
    return { ...result, code, status: isProved ? 'fault' : 'warning' };
  });
}

/** What Checkmk says of a program. */
const byWords: readonly (readonly [words: RegExp, code: CauseCode])[] = [
  [/not found \(exit code 127\)/, 'program-missing'],
  [/Agent exited with code \d+/, 'program-fails'],
];

/** By the core, which ends the whole service check; or when we asked, and had no time left. */
const tooLate = /timed out|timeout|did not end/i;
