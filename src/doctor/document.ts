/** The report of the doctor as a document: --json prints it, and the text is made of it. */

import { version } from '../version.ts';
import type { StepResult } from './step.ts';
import {
  findRoot,
  type RootCause,
  type Subject,
  toRootCause,
  toVerdict,
  type Verdict,
} from './verdict.ts';

/** What failed in the first place, word for word. */
export interface Original {
  readonly command: string;
  readonly exit: number | null;
  readonly text: string;
}

export interface SiteFacts {
  readonly name: string | null;
  readonly version: string | null;
  readonly edition: string | null;
}

export type PortState = 'open' | 'refused' | 'silent' | 'unreachable' | 'unknown';

export interface PortFinding {
  readonly direction: 'in' | 'out';
  readonly proto: 'tcp' | 'udp';
  readonly port: number;
  readonly address: string | null;
  readonly state: PortState;
  readonly needed_by: string;
  readonly raw_error: string | null;
}

export interface Examined {
  readonly subject: Subject;
  readonly site: SiteFacts;
  readonly run: string;
  readonly startedMs: number;
  readonly durationMs: number;
  readonly original: Original | null;
  /** In the order in which they are shown. */
  readonly results: readonly StepResult[];
  /** In the order in which one explains the other; those shown unless it is given. */
  readonly explaining?: readonly StepResult[];
  readonly ports: readonly PortFinding[];
  /** Steps of which one at least has to be well before anybody says that all is. */
  readonly proofs?: readonly string[];
}

export interface Summary {
  readonly ok: number;
  readonly warning: number;
  readonly fault: number;
  readonly skipped: number;
  readonly unknown: number;
  readonly crashed: number;
}

/** Keys as programs read them. */
export interface DoctorDocument {
  readonly schema: 1;
  readonly program: string;
  readonly host: string;
  readonly address: string | null;
  readonly site: SiteFacts;
  readonly run: string;
  readonly started: string;
  readonly duration_ms: number;
  readonly original: Original | null;
  readonly verdict: Verdict;
  readonly cause: RootCause | null;
  readonly steps: readonly ReturnType<typeof toStep>[];
  readonly ports: readonly PortFinding[];
  readonly summary: Summary;
}

export function toDocument(examined: Examined): DoctorDocument {
  const { subject, results, explaining = results, proofs = [] } = examined;
  const root = findRoot(explaining);
  return {
    schema: 1,
    program: `cmk-courier ${version}`,
    host: subject.host,
    address: subject.address,
    site: examined.site,
    run: examined.run,
    started: `${new Date(examined.startedMs).toISOString().slice(0, 19)}Z`,
    duration_ms: Math.round(examined.durationMs),
    original: examined.original,
    verdict: toVerdict(explaining, proofs),
    cause: root === undefined ? null : toRootCause(root, subject),
    steps: results.map(toStep),
    ports: examined.ports,
    summary: count(results),
  };
}

function toStep(result: StepResult) {
  const { id, side, title, status, source, code, text, evidence } = result;
  return {
    id,
    side,
    title,
    status,
    source,
    code,
    text,
    raw_error: result.rawError,
    evidence,
    depends_on: result.dependsOn,
    duration_ms: result.durationMs,
  };
}

function count(results: readonly StepResult[]): Summary {
  const of = (wanted: StepResult['status']) =>
    results.filter(({ status }) => status === wanted).length;
  return {
    ok: of('ok'),
    warning: of('warning'),
    fault: of('fault'),
    skipped: of('skipped'),
    unknown: of('unknown'),
    crashed: of('crashed'),
  };
}
