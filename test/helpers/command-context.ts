/** What a command gets from the program, all of it in the hands of the test. */

import type { CommandContext } from '../../src/cli/command.ts';
import { type CollectingLog, makeCollectingLog } from './collecting-log.ts';
import { FakeClock } from './fake-clock.ts';

export interface WatchedContext extends CommandContext {
  readonly log: CollectingLog;
  readonly clock: FakeClock;
  /** What was written to stdout and stderr. */
  readonly said: { output: string; errors: string };
}

/** A context whose time stands still, with stdin empty and nothing asking it to end. */
export function makeCommandContext(
  shutdown: AbortSignal = new AbortController().signal,
): WatchedContext {
  const said = { output: '', errors: '' };
  return {
    said,
    shutdown,
    env: {},
    clock: new FakeClock(),
    log: makeCollectingLog(),
    readInput: async () => Buffer.alloc(0),
    writeOutput: async (bytes) => {
      said.output += Buffer.from(bytes).toString();
    },
    writeError: (text) => {
      said.errors += text;
    },
  };
}
