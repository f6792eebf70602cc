/** Gives hosts that are due their turn. */

import type { Entry } from './entry.ts';
import type { Candidate, Lanes } from './lanes.ts';

type Turn<Result> = (entry: Entry) => Result;

export class Dispatcher {
  readonly #lanes: Lanes;
  readonly #run: Turn<Promise<void>>;
  readonly #ended: Turn<void>;
  readonly #mayStart: Turn<boolean>;
  readonly #running = new Set<Promise<void>>();
  /**
   * Hosts that are due and wait for a place, the longest waiting last. Hosts that wait for the same
   * places are in one queue: when the next of them finds no place, none behind it does.
   */
  #queues: readonly Entry[][] = [];

  /**
   * @param run one cycle; never rejects, and sets when its host is due again
   * @param ended hears when a host may have its turn again
   * @param mayStart whether a host that is due is ours to ask
   */
  constructor(
    lanes: Lanes,
    run: Turn<Promise<void>>,
    ended: Turn<void> = () => undefined,
    mayStart: Turn<boolean> = () => true,
  ) {
    this.#lanes = lanes;
    this.#run = run;
    this.#ended = ended;
    this.#mayStart = mayStart;
  }

  /** Starts all that is due and finds a place; the rest gets the places that become free. */
  dispatch(entries: Iterable<Entry>, nowMs: number): void {
    const due: Entry[] = [];
    for (const entry of entries) {
      if (entry.isDue(nowMs) && this.#mayStart(entry)) due.push(entry);
    }
    due.sort((one, other) => one.dueMs - other.dueMs).reverse();
    this.#queues = [...Map.groupBy(due, toPlaces).values()];
    this.#fillPlaces();
  }

  /**
   * Starts one ahead of others that are due, if it finds a place; else it has its turn among them. One
   * that is not ours to ask is due at once, should it become ours.
   *
   * @returns whether it has its turn
   */
  urge(entry: Entry): boolean {
    if (entry.isRunning) return true;
    const isOurs = this.#mayStart(entry);
    const leave = this.#lanes.isFull || !isOurs ? undefined : this.#lanes.enter(toCandidate(entry));
    if (leave !== undefined) this.#start(entry, leave);
    else entry.planFor(0);
    return isOurs;
  }

  /** Resolves when nothing runs; nothing more is started. */
  async drain(): Promise<void> {
    this.#queues = [];
    while (this.#running.size > 0) {
      await Promise.all(this.#running);
      this.#queues = [];
    }
  }

  #fillPlaces(): void {
    const open = new Set(this.#queues);
    while (!this.#lanes.isFull) {
      const queue = longestWaiting(open);
      const entry = queue?.at(-1);
      if (queue === undefined || entry === undefined) return;
      // It was urged meanwhile, or is another's by now.
      if (entry.isRunning || !this.#mayStart(entry)) {
        queue.pop();
        continue;
      }
      const leave = this.#lanes.enter(toCandidate(entry));
      if (leave === undefined) {
        open.delete(queue);
      } else {
        queue.pop();
        this.#start(entry, leave);
      }
    }
  }

  #start(entry: Entry, leave: () => void): void {
    entry.started();
    const running = this.#run(entry).finally(() => {
      entry.ended();
      leave();
      this.#running.delete(running);
      this.#ended(entry);
      this.#fillPlaces();
    });
    this.#running.add(running);
  }
}

/**
 * A silent host counts as one that may hang when its last cycle took longer than this; a refusal at
 * once frees its place soon.
 */
const longMs = 500;

function toCandidate({ routed: { peers }, history, durationMs = 0 }: Entry): Candidate {
  return { peers, isSuspect: history.silences > 0 && durationMs > longMs };
}

/** One text for all who enter or do not enter alike. */
function toPlaces(entry: Entry): string {
  const { peers, isSuspect } = toCandidate(entry);
  return `${isSuspect} ${peers.join(' ')}`;
}

/** Whose next has waited longest; undefined when nobody waits. */
function longestWaiting(queues: Iterable<Entry[]>): Entry[] | undefined {
  let longest: Entry[] | undefined;
  let earliestMs = Number.POSITIVE_INFINITY;
  for (const queue of queues) {
    const dueMs = queue.at(-1)?.dueMs ?? Number.POSITIVE_INFINITY;
    if (dueMs < earliestMs) [longest, earliestMs] = [queue, dueMs];
  }
  return longest;
}
