/** What is remembered of the last attempt at each source of a host: little, for there are many. */

import type { Clock } from '../clock.ts';
import { stderrLine } from '../faults/errors.ts';
import type { NoteAttempt } from '../fetching/attempt.ts';
import type { Entry } from './entry.ts';

export interface AttemptNote {
  /** As in the route, with its placeholders: one text for all its hosts. */
  readonly uri: string;
  readonly atMs: number;
  readonly durationMs: number;
  /** Undefined when it brought good output. */
  readonly fault: { readonly code: string; readonly line: string } | undefined;
  readonly bytes: number | undefined;
  readonly producedAtMs: number | undefined;
}

/** @param isVain whether the cycle no longer counts, as the host is asked for something else now */
export function noteAttemptOf(entry: Entry, isVain: () => boolean, clock: Clock): NoteAttempt {
  return ({ step, durationMs, accepted, error }) => {
    if (isVain()) return;
    const where = [step.name, entry.target.host];
    entry.attempted({
      uri: step.source.uri.text,
      atMs: clock.now(),
      durationMs: Math.round(durationMs),
      fault: error && { code: error.code, line: stderrLine(error, where) },
      bytes: accepted?.output.length,
      producedAtMs: accepted?.producedAt?.getTime(),
    });
  };
}
