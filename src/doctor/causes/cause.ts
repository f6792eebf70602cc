/** What a cause is: one entry of the table, one heading of docs/doctor.md, one test. */

import type { FaultCode } from '../../faults/errors.ts';

/** Where something is wrong. */
export type Side = 'site' | 'path' | 'host';

/** Where something is to be done: one command or setting for each. */
export type Fixes = Readonly<Partial<Record<'site' | 'host', string>>>;

export interface Cause {
  /** Its exit code is that of the command. */
  readonly fault: FaultCode;
  readonly side: Side;
  /** A sentence about the host, without full stop. */
  readonly text: string;
  /** `{host}`, `{address}` and `{port}` are filled in. */
  readonly fix: Fixes;
}

/** One row of a table. */
export function cause(fault: FaultCode, side: Side, text: string, fix: Fixes = {}): Cause {
  return { fault, side, text, fix };
}
