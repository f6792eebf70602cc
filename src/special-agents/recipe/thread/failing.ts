/** Faults inside the thread, which are handed over as data. */

import type { Failure } from './messages.ts';

export class TaskFailure extends Error {
  readonly failure: Failure;

  constructor(code: Failure['code'], message: string, expression?: string) {
    super(message);
    this.failure = { code, message, ...(expression === undefined ? {} : { expression }) };
  }
}

/** What an answer is not: damaged, another format, hostile. */
export function malformed(message: string): TaskFailure {
  return new TaskFailure('MALFORMED', message);
}
