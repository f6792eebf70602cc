/** How a peer is spoken with, and what is said to it. */

import type { Pattern } from './patterns.ts';

/** A pager, and what turns its page. */
export interface Pager {
  readonly when: Pattern;
  readonly send: string;
}

/** How a peer is spoken with. Times are milliseconds. */
export interface Manner {
  readonly shown: string;
  readonly encoding: 'utf-8' | 'latin1';
  /** What ends a line that is sent. */
  readonly enter: string;
  readonly prompt: Pattern | undefined;
  readonly end: Pattern | undefined;
  readonly quietMs: number | undefined;
  readonly pagers: readonly Pager[];
  readonly refuse: readonly Pattern[];
  readonly idleMs: number;
  /** Of all that is heard. */
  readonly mostBytes: number;
  readonly trace: (line: string) => void;
}

/** A line that is sent, and what people see of it: without secrets. */
export interface Line {
  readonly text: string;
  readonly shown: string;
}

export interface LoginStep {
  readonly expect: Pattern;
  readonly send: Line;
}
