/** What the outside world is to a command: bin.ts gives the real one, tests give their own. */

import type { Clock } from './clock.ts';

export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Aborts when a signal asks us to end; its reason is a CourierError INTERRUPTED. */
  readonly shutdown: AbortSignal;
  /** All of stdin. Rejects with TOO_LARGE past `maxBytes`, LOCAL when it cannot be read. */
  readInput(maxBytes: number): Promise<Buffer>;
  /** Resolves when stdout has taken every byte. Rejects with LOCAL when nobody reads any more. */
  writeOutput(bytes: Uint8Array): Promise<void>;
  /** Whole lines for stderr. Never throws. */
  writeError(text: string): void;
}
