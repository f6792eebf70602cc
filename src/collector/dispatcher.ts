/** Gives hosts that are due their turn. */

import type { Entry } from './entry.ts';
import type { Candidate, Lanes } from './lanes.ts';

export class Dispatcher {
  readonly #lanes: Lanes;
  readonly #run: (entry: Entry) => Promise<void>;
  readonly #running = new Set<Promise<void>>();
  /** Due, but without a place; the longest waiting first. */
  #waiting: readonly Entry[] = [];

  /** @param run one cycle; never rejects, and sets when its host is due again */
  constructor(lanes: Lanes, run: (entry: Entry) => Promise<void>) {
    this.#lanes = lanes;
    this.#run = run;
  }

  /** Starts all that is due and finds a place; the rest gets the places that become free. */
  dispatch(entries: Iterable<Entry>, nowMs: number): void {
    const due: Entry[] = [];
    for (const entry of entries) {
      if (entry.isDue(nowMs)) due.push(entry);
    }
    this.#waiting = due.sort((one, other) => one.dueMs - other.dueMs);
    this.#fillPlaces();
  }

  /** Resolves when nothing runs; nothing more is started. */
  async drain(): Promise<void> {
    this.#waiting = [];
    while (this.#running.size > 0) {
      await Promise.all(this.#running);
      this.#waiting = [];
    }
  }

  #fillPlaces(): void {
    const left: Entry[] = [];
    for (const [index, entry] of this.#waiting.entries()) {
      if (this.#lanes.isFull) {
        this.#waiting = left.concat(this.#waiting.slice(index));
        return;
      }
      const leave = this.#lanes.enter(toCandidate(entry));
      if (leave === undefined) left.push(entry);
      else this.#start(entry, leave);
    }
    this.#waiting = left;
  }

  #start(entry: Entry, leave: () => void): void {
    entry.started();
    const running = this.#run(entry).finally(() => {
      entry.ended();
      leave();
      this.#running.delete(running);
      this.#fillPlaces();
    });
    this.#running.add(running);
  }
}

/** Who refuses at once holds no place for long. */
const longMs = 500;

function toCandidate({ routed: { peer }, history, durationMs = 0 }: Entry): Candidate {
  return { peer, isSuspect: history.silences > 0 && durationMs > longMs };
}
