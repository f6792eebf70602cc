/** Which cause explains the rest, and what is to be done about it. */

import type { FaultCode } from '../faults/errors.ts';
import type { Side } from './causes/cause.ts';
import { type CauseCode, causes, exitOf, pageOf } from './causes.ts';
import type { Status, StepResult } from './step.ts';

export interface Fix {
  readonly side: 'site' | 'host';
  readonly command: string;
}

export interface RootCause {
  readonly code: CauseCode;
  readonly fault: FaultCode;
  readonly exit: number;
  readonly side: Side;
  readonly step: string;
  readonly text: string;
  readonly fix: readonly Fix[];
  readonly see: string;
}

export type Verdict = 'ok' | 'warning' | 'fault' | 'unknown';

/** What is filled into commands. */
export interface Subject {
  readonly host: string;
  readonly address: string | null;
  readonly port: number;
}

/**
 * The first fault in the order of the steps: what rests on another step was skipped. Without a fault the
 * first warning.
 *
 * @param results in the order in which one explains the other
 */
export function findRoot(results: readonly StepResult[]): StepResult | undefined {
  const first = (status: Status) =>
    results.find((result) => result.status === status && result.code !== null);
  return first('fault') ?? first('warning');
}

/** @param proofs steps of which one at least has to be well; none where every one tells something */
export function toVerdict(results: readonly StepResult[], proofs: readonly string[]): Verdict {
  const has = (status: Status) => results.some((result) => result.status === status);
  if (has('fault')) return 'fault';
  if (has('warning')) return 'warning';
  const isProof = ({ id, status }: StepResult) => status === 'ok' && proofs.includes(id);
  return has('ok') && (proofs.length === 0 || results.some(isProof)) ? 'ok' : 'unknown';
}

export function toRootCause({ code, id }: StepResult, subject: Subject): RootCause | null {
  if (code === null) return null;
  const { fault, side, text } = causes[code];
  const fix = toFixes(code, subject);
  return { code, fault, exit: exitOf(code), side, step: id, text, fix, see: pageOf(code) };
}

/** What to do on each side, with the names of this case in it. */
export function toFixes(code: CauseCode, { host, address, port }: Subject): readonly Fix[] {
  const words = { host, address: address ?? 'ADDRESS', port: String(port) };
  const fill = (text: string) =>
    text.replace(/\{(host|address|port)\}/g, (_, name: keyof typeof words) => words[name]);
  return Object.entries(causes[code].fix).map(([side, command]) => ({
    side: side === 'site' ? 'site' : 'host',
    command: fill(command),
  }));
}
