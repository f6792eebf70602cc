/** Whether what came of a chain is right. */

import type { FaultCode } from '../../src/faults/errors.ts';
import type { Outcome } from './modes.ts';

export type Verdict =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'fault'; readonly code: FaultCode }
  | { readonly kind: 'not applicable'; readonly because: string }
  /** Output of the faulty source was taken for good. */
  | { readonly kind: 'bait taken' }
  | { readonly kind: 'wrong'; readonly what: string };

/** Output of the good source, or the fault that two faulty ones of that transport end in. */
export type Expected =
  | { readonly good: Buffer }
  | { readonly code: FaultCode; readonly transport: string; readonly host: string };

/** @param bait what the faulty source has, or had, and must not be delivered */
export function judge(outcome: Outcome, expected: Expected, bait: Buffer): Verdict {
  if ('output' in outcome) return judgeOutput(outcome.output, expected, bait);
  const { code, line } = outcome;
  if ('good' in expected) return { kind: 'wrong', what: `no output but ${line}` };
  if (code !== expected.code || !toPattern(expected).test(line)) {
    return { kind: 'wrong', what: `not ${expected.code} but ${line}` };
  }
  return { kind: 'fault', code };
}

/** The rows tell outputs apart: all begin the same. */
function judgeOutput(output: Buffer, expected: Expected, bait: Buffer): Verdict {
  const rows = bait.toString('latin1').split('\n').at(-2) ?? '';
  const start = rows.slice(0, 100);
  if (start !== '' && output.includes(start)) return { kind: 'bait taken' };
  if (!('good' in expected)) return { kind: 'wrong', what: `${output.length} bytes, no fault` };
  if (output.equals(expected.good)) return { kind: 'delivered' };
  return { kind: 'wrong', what: 'other bytes than those of the good source' };
}

/** `cmk-courier: ssh: web01: …; before it ssh UNREACHABLE (UNREACHABLE)` */
function toPattern({ code, transport, host }: Exclude<Expected, { good: Buffer }>): RegExp {
  const ends = `; before it ${transport} ${code} \\(${code}\\)`;
  return new RegExp(`^cmk-courier: ${transport}: ${host}: [^\\p{Cc}|]+${ends}$`, 'u');
}
