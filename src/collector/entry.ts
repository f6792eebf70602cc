/** A host as the collector knows it. */

import type { CourierError } from '../faults/errors.ts';
import type { Route } from '../routes/route.ts';
import type { Target } from '../transports/source.ts';
import { cleanHistory, type History } from './backoff.ts';

/** The newest good output of a host. */
export interface LastGood {
  readonly producedAtMs: number;
  readonly source: string;
  readonly bytes: number;
  /** Of the report that lies ready ahead of it. */
  readonly reportBytes: number;
}

/** Why a cycle brought nothing. */
export interface LastFault {
  readonly error: CourierError;
  readonly line: string;
  readonly atMs: number;
}

export interface Entry {
  target: Target;
  tags: readonly string[];
  /** What is ready is good only for the address it was asked with. */
  isAsked: boolean;
  route: Route;
  /** Where its first source is, if others have theirs there too. */
  peer: string | undefined;
  everyMs: number;
  /** When it is to be asked next, by the monotonic clock. */
  dueMs: number;
  isRunning: boolean;
  history: History;
  lastGood: LastGood | undefined;
  lastFault: LastFault | undefined;
  durationMs: number | undefined;
  /** When output was put into the spool last, by the monotonic clock. */
  keptAtMs: number | undefined;
  /** Whether the newest good output is only where it is ready. */
  isUnkept: boolean;
  /** What the site gets at the moment. */
  served: 'output' | 'grace' | 'fault' | 'nothing';
}

/** What routes and lists say of a host. */
export type Routed = Pick<Entry, 'target' | 'tags' | 'isAsked' | 'route' | 'peer' | 'everyMs'>;

/** A host that has not been asked yet. */
export function newEntry(known: Routed, dueMs: number): Entry {
  return {
    ...known,
    dueMs,
    isRunning: false,
    history: cleanHistory,
    lastGood: undefined,
    lastFault: undefined,
    durationMs: undefined,
    keptAtMs: undefined,
    isUnkept: false,
    served: 'nothing',
  };
}
