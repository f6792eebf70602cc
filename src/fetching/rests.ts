/** Rests for sources beside a chain that do not answer: a cycle is not to wait for them every time. */

import type { Clock } from '../clock.ts';
import { CourierError, isSilence } from '../faults/errors.ts';
import type { SourceStep } from './attempt.ts';

/** How many silences in a row begin a rest. */
const silencesToRest = 2;

const restMs = 300_000;

/** What is known of one source. */
interface Known {
  silences: number;
  /** By the monotonic clock. */
  restsUntilMs: number;
  lastSilence: CourierError | undefined;
}

/** What one host's sources beside the chain did in the cycles before. */
export class Rests {
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Why a source is not to be asked now; undefined when it is. */
  refuse(step: SourceStep): CourierError | undefined {
    const known = this.#known.get(keyOf(step));
    if (known?.lastSilence === undefined || known.silences < silencesToRest) return undefined;
    if (this.#clock.monotonic() >= known.restsUntilMs) return undefined;
    const { code, message } = known.lastSilence;
    const options = { cause: known.lastSilence };
    return new CourierError(code, `${message}; not asked again so soon`, options);
  }

  /** @param error undefined when it had output */
  note(step: SourceStep, error: CourierError | undefined): void {
    if (error?.code === 'INTERRUPTED') return;
    if (error === undefined || !isSilence(error)) {
      this.#known.delete(keyOf(step));
      return;
    }
    const silences = (this.#known.get(keyOf(step))?.silences ?? 0) + 1;
    const restsUntilMs = this.#clock.monotonic() + restMs;
    this.#known.set(keyOf(step), { silences, restsUntilMs, lastSilence: error });
  }
}

function keyOf({ source: { uri, options } }: SourceStep): string {
  return JSON.stringify([uri.text, options]);
}
