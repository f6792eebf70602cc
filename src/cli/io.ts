/** What the outside world is to a command: bin.ts gives the real one, tests give their own. */

import type { Clock } from '../clock.ts';
import type { Environment } from './environment.ts';

/** What signals mean to a command that serves until it is ended. */
export interface Staying {
  /** How long it has to end after the first signal; others have a tenth of a second. */
  readonly graceMs: number;
  /** SIGHUP, which then does not end the program. */
  onHangup(): void;
}

export interface Io {
  readonly env: Environment;
  readonly clock: Clock;
  /** Aborts when a signal asks us to end; its reason is a CourierError INTERRUPTED. */
  readonly shutdown: AbortSignal;
  /** Says that the command serves until it is ended; without signals to hear there is nothing to say. */
  readonly stay?: (how: Staying) => void;
  /** All of stdin. Rejects with TOO_LARGE past `maxBytes`, LOCAL when it cannot be read. */
  readInput(maxBytes: number): Promise<Buffer>;
  /** Resolves when stdout has taken every byte. Rejects with LOCAL when nobody reads any more. */
  writeOutput(bytes: Uint8Array): Promise<void>;
  /** Throws LOCAL when stdout was closed before we came, and all that is written to it would be lost. */
  readonly requireOutput?: () => void;
  /** Whole lines for stderr. Never throws. */
  writeError(text: string): void;
}
