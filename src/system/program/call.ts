/** What a program is called with, and how it ended. */

import type { Environment } from '../../cli/environment.ts';
import { quote } from '../../faults/errors.ts';

export interface ProgramCall {
  /** A name to be found in PATH, or an absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  /** The package that has the program, for the message when it is missing. */
  readonly debianPackage?: string;
  /** All of the environment it gets, but for `LC_ALL=C`. */
  readonly env: Environment;
  readonly maxOutputBytes: number;
  /** What it reads on stdin; left out, it reads nothing. */
  readonly input?: Buffer | undefined;
}

/** Whether an end is good, the caller knows. */
export interface ProgramEnd {
  readonly stdout: Buffer;
  /** The last 16 kB of it. */
  readonly stderr: string;
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How a program ended, for a message: `exit code 3: "no such module"`. */
export function describeEnd({ code, signal, stderr }: ProgramEnd): string {
  const how = signal === null ? `exit code ${code}` : `ended by ${signal}`;
  const said = stderr.trim().split('\n').at(-1) ?? '';
  return said === '' ? how : `${how}: ${quote(said)}`;
}
