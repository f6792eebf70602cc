/**
 * Calls into places of the file system that may hang, such as a dead network file system. Node makes
 * them all on a few threads, and one that hangs keeps its thread: so each place gets a few at a
 * time, and all together leave some for what lies elsewhere, such as the spool.
 */

import { systemClock } from '../clock.ts';
import { CourierError } from '../faults/errors.ts';
import { untilAborted } from './until-aborted.ts';

/** Threads Node is to have where hosts are fetched by the thousand (UV_THREADPOOL_SIZE). */
export const manyThreads = 48;

/** Looks into one place at a time, and into all of them. */
const limits = { inPlace: 8, inAll: 32 };

/** A call that nobody waits for any more is given so long to return before it counts as hanging. */
const graceMs = 1000;

/** One look into a place, perhaps several calls one after the other. */
interface Look {
  readonly place: string;
  readonly startedAtMs: number;
  hangs: boolean;
}

interface Waiter {
  readonly place: string;
  begin(look: Look): void;
  refuse(error: unknown): void;
}

const running = new Set<Look>();
const waiting = new Set<Waiter>();

/**
 * Does `work` when there is room for it, and settles as it does, or with the signal's reason. Where
 * all the looks there is room for hang, no other follows them until one of them returns.
 *
 * @param place the directory that holds all `work` looks at, the same for all hosts of a source
 * @throws CourierError TIMEOUT at once where everything hangs; whatever `work` throws
 */
export async function lookInto<Result>(
  place: string,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  const look = hasRoom(place) ? begin(place) : await waitForRoom(place, signal);
  const abandon = () => setTimeout(noteHanging, graceMs, look).unref();
  signal.addEventListener('abort', abandon, { once: true });
  const working = work().finally(() => {
    signal.removeEventListener('abort', abandon);
    running.delete(look);
    letIn();
  });
  return untilAborted(working, signal);
}

function begin(place: string): Look {
  const look = { place, startedAtMs: systemClock.monotonic(), hangs: false };
  running.add(look);
  return look;
}

function waitForRoom(place: string, signal: AbortSignal): Promise<Look> {
  return new Promise((resolve, reject) => {
    const fault = findHanging(place);
    if (fault !== undefined) return reject(fault);
    const leave = () => {
      signal.removeEventListener('abort', giveUp);
      waiting.delete(waiter);
    };
    const refuse = (error: unknown) => {
      leave();
      reject(error);
    };
    const giveUp = () => refuse(signal.reason);
    const waiter: Waiter = {
      place,
      begin(look) {
        leave();
        resolve(look);
      },
      refuse,
    };
    signal.addEventListener('abort', giveUp, { once: true });
    waiting.add(waiter);
  });
}

function looksInto(place: string): readonly Look[] {
  return [...running].filter((look) => look.place === place);
}

function hasRoom(place: string): boolean {
  return running.size < limits.inAll && looksInto(place).length < limits.inPlace;
}

/** Why waiting for room is of no use. */
function findHanging(place: string): CourierError | undefined {
  const inPlace = looksInto(place);
  const full = inPlace.length >= limits.inPlace ? inPlace : [...running];
  const [first] = full;
  if (first === undefined || !full.every(({ hangs }) => hangs)) return undefined;
  const seconds = Math.round((systemClock.monotonic() - first.startedAtMs) / 1000);
  const where = full === inPlace ? 'into it' : `into ${first.place} and others`;
  const why = `${full.length} looks ${where} hang, the first for ${seconds}s`;
  return new CourierError('TIMEOUT', `looking into ${place}: ${why}`);
}

function noteHanging(look: Look): void {
  if (!running.has(look)) return;
  look.hangs = true;
  for (const waiter of waiting) {
    const fault = findHanging(waiter.place);
    if (fault !== undefined) waiter.refuse(fault);
  }
}

/** In order of arrival; those whose place has no room are passed over. */
function letIn(): void {
  for (const waiter of waiting) {
    if (running.size >= limits.inAll) return;
    if (hasRoom(waiter.place)) waiter.begin(begin(waiter.place));
  }
}

/** Calls of one look that are with the file system, or questions with a peer, at a time. */
const lanes = 4;

/**
 * The results of `look` for each item, in order, a few at a time: a file system that dies during
 * this holds only a few threads, and a peer is not asked everything at once.
 */
export async function inLanes<Item, Result>(
  items: readonly Item[],
  look: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const rest = items.entries();
  const lane = async () => {
    for (const [index, item] of rest) results[index] = await look(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}
