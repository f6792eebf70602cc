/**
 * Writes the newest output of each host into a stream: the newest by when it was produced, whoever
 * arrives first. Two writers that know nothing of each other never undo what the other has done:
 * each says what it expects to be there, and the stream takes nothing from whoever is wrong about it.
 */

import type { Clock } from '../clock.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { GrowingPause } from '../system/growing-pause.ts';
import { untilAborted } from '../system/until-aborted.ts';
import { isFromFuture } from '../times/skew.ts';
import { KnownValues } from './known-values.ts';

/** Output on its way into a stream. */
export interface StreamValue {
  readonly subject: string;
  readonly producedAt: Date;
  /** Tells it from every other output. */
  readonly digest: string;
  /** What the stream would take for the same message, if it came again soon. */
  readonly id: string;
}

/** The last value of a subject, as the leader of the stream has it. */
export interface LastValue {
  readonly sequence: number;
  /** Undefined when the message does not say it, and then any output is newer. */
  readonly producedAt: Date | undefined;
  readonly digest: string | undefined;
}

/** What became of one attempt. `repeated`: the stream had the same message lately. */
export type Published =
  | { readonly kind: 'stored'; readonly sequence: number }
  | { readonly kind: 'repeated' }
  | { readonly kind: 'conflict' };

/** A stream, as a writer needs it. Both reject with a CourierError, and neither waits for long. */
export interface LastValues<Value extends StreamValue> {
  /**
   * Stores it as the successor of what has that sequence; 0 when nothing is expected there.
   *
   * @param repeats how often the stream has said that it was there lately, when it was not any more
   */
  publish(value: Value, expectedSequence: number, repeats: number): Promise<Published>;
  /** Asks the leader, since a replica may lag; undefined when there is nothing. */
  last(subject: string): Promise<LastValue | undefined>;
  /**
   * The first message of a subject that the server still has, also where it says that there is none
   * (nats.md#hidden-messages); undefined when there is nothing.
   */
  first(subject: string): Promise<LastValue | undefined>;
  /** Removes one message; also resolves where we have no right to that. */
  remove(sequence: number): Promise<void>;
}

/** `older`: one that was produced later is there, and stays. */
export type Written =
  | { readonly kind: 'stored' }
  | { readonly kind: 'older'; readonly producedAt: Date };

/** What a writer has met. */
export interface WriterCounts {
  /** Outputs that are in the stream. */
  readonly stored: number;
  /** Somebody else had written meanwhile. */
  readonly conflicts: number;
  readonly older: number;
  /** Attempts that ended without an answer, or with a fault that may pass. */
  readonly again: number;
  /** Outputs that the stream had acknowledged, and then had neither them nor a newer one. */
  readonly lost: number;
}

export interface WriterSettings {
  readonly clock: Clock;
  readonly maxSkewMs: number;
}

/** What a write has found so far. */
interface Found {
  /** What is there, as far as it is known. */
  last: LastValue | undefined;
  /** What the stream acknowledged before, until it is known to be there or lost. */
  told: LastValue | undefined;
  repeats: number;
}

/** What is left of a subject of which the stream said that it has nothing. */
interface Uncovered {
  readonly there: LastValue | undefined;
  readonly isRemoved: boolean;
}

/** What may be over a moment later. */
const passing: ReadonlySet<string> = new Set(['UNREACHABLE', 'TIMEOUT', 'PEER']);

const pauses = { firstMs: 25, longestMs: 1000, spread: 0.5 };

/**
 * So often others may be quicker before we wait: a host with a user of its own that publishes without a pause
 * must not win for long. Then it is a server that never means what it says.
 */
const promptRounds = 300;

/** A stream forgets what is older than it is told to keep, and then has lost nothing: never less than that. */
const surelyKeptMs = 2 * 60_000;

export class NewestWriter<Value extends StreamValue> {
  readonly #stream: LastValues<Value>;
  readonly #settings: WriterSettings;
  readonly #known = new KnownValues();
  /** The last of each subject's writes that has not ended. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #counts = { stored: 0, conflicts: 0, older: 0, again: 0, lost: 0 };

  constructor(stream: LastValues<Value>, settings: WriterSettings) {
    this.#stream = stream;
    this.#settings = settings;
  }

  get counts(): WriterCounts {
    return { ...this.#counts };
  }

  /** Whether there is or was output under a subject, as far as this writer has seen. */
  knows(subject: string): boolean {
    return this.#known.find(subject) !== undefined;
  }

  /**
   * Resolves when the stream has the output, or one that is newer.
   *
   * @throws CourierError STALE when it is from the future; TOO_LARGE, REFUSED, CONFIG; UNREACHABLE,
   * TIMEOUT or PEER when that was still so when `signal` aborted. Whether the stream took it is not
   * known then; writing it again does no harm.
   */
  async write(value: Value, signal: AbortSignal): Promise<Written> {
    this.#requirePresent(value);
    const before = this.#turns.get(value.subject);
    const turn = this.#inTurn(value, before, signal);
    const ended = turn.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(value.subject, ended);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(value.subject) === ended) this.#turns.delete(value.subject);
    }
  }

  #requirePresent({ producedAt }: Value): void {
    const { clock, maxSkewMs } = this.#settings;
    const nowMs = clock.now();
    if (!isFromFuture(producedAt, nowMs, maxSkewMs)) return;
    const aheadS = Math.ceil((producedAt.getTime() - nowMs) / 1000);
    const why = `is from ${aheadS}s in the future, allowed are ${maxSkewMs / 1000}s`;
    throw new CourierError('STALE', `the output ${why}`);
  }

  async #inTurn(
    value: Value,
    before: Promise<unknown> | undefined,
    signal: AbortSignal,
  ): Promise<Written> {
    if (before !== undefined) await waitUnlessAborted(before, signal);
    const known = this.#known.find(value.subject);
    const found: Found = { last: known, told: known, repeats: 0 };
    let isRead = known !== undefined;
    const pause = new GrowingPause(this.#settings.clock, pauses);
    let rounds = 0;
    let fault: CourierError | undefined;
    while (!signal.aborted) {
      try {
        if (!isRead) found.last = await this.#ask(value, found, signal);
        isRead = false;
        const written = await this.#attempt(value, found, signal);
        if (typeof written === 'object') return written;
        if (written === 'conflict') this.#counts.conflicts += 1;
        else found.repeats += 1;
        rounds += 1;
        if (rounds > promptRounds) await pause.wait(signal);
      } catch (error) {
        if (signal.aborted) break;
        fault = asCourierError(error, 'writing to the broker');
        if (!passing.has(fault.code)) throw fault;
        isRead = false;
        this.#counts.again += 1;
        await pause.wait(signal);
      }
    }
    throw fault ?? new CourierError('TIMEOUT', 'the broker was not asked in time');
  }

  /** What the stream has: what it has told us, or something newer, unless it has lost that. */
  async #ask(value: Value, found: Found, signal: AbortSignal): Promise<LastValue | undefined> {
    const last = await untilAborted(this.#stream.last(value.subject), signal);
    const { told } = found;
    if (told === undefined || (last?.sequence ?? 0) >= told.sequence) return last;
    const { there, isRemoved } =
      last === undefined
        ? await this.#uncover(value, told, signal)
        : { there: last, isRemoved: false };
    if (isRemoved || this.#isLost(told, there)) this.#counts.lost += 1;
    found.told = undefined;
    return there;
  }

  /**
   * Removes what a server hides, where it is older than what was told and gives way to what is written.
   * All else somebody has written since we asked, also where the stream was made anew.
   */
  async #uncover(value: Value, told: LastValue, signal: AbortSignal): Promise<Uncovered> {
    const there = await untilAborted(this.#stream.first(value.subject), signal);
    const isHidden = there !== undefined && there.sequence < told.sequence;
    if (!isHidden || !this.#givesWay(there, value)) return { there, isRemoved: false };
    await untilAborted(this.#stream.remove(there.sequence), signal);
    return { there: undefined, isRemoved: true };
  }

  /** What comes to light instead of it, and is older, does not do so because the stream forgets by age. */
  #isLost(told: LastValue, there: LastValue | undefined): boolean {
    if (there === undefined) return this.#isRecent(told);
    const isOlder = (there.producedAt?.getTime() ?? 0) < (told.producedAt?.getTime() ?? 0);
    return there.sequence < told.sequence && isOlder;
  }

  #isRecent({ producedAt }: LastValue): boolean {
    const { clock } = this.#settings;
    return producedAt !== undefined && clock.now() - producedAt.getTime() < surelyKeptMs;
  }

  /** A word when the last value is to be looked at again: it is not what was expected. */
  async #attempt(
    value: Value,
    { last, repeats }: Found,
    signal: AbortSignal,
  ): Promise<Written | 'conflict' | 'repeated'> {
    const decided = this.#decide(value, last);
    if (decided !== undefined) return decided;
    const expected = last?.sequence ?? 0;
    const published = await untilAborted(this.#stream.publish(value, expected, repeats), signal);
    if (published.kind === 'stored') return this.#noteStored(value, published.sequence);
    this.#known.forget(value.subject);
    return published.kind;
  }

  /** What is there decides, where it is this output or a newer one. */
  #decide(value: Value, last: LastValue | undefined): Written | undefined {
    if (last?.producedAt === undefined || this.#givesWay(last, value)) return undefined;
    if (isSame(last, value)) return this.#noteStored(value, last.sequence);
    this.#known.note(value.subject, { sequence: last.sequence, producedAt: last.producedAt });
    this.#counts.older += 1;
    return { kind: 'older', producedAt: last.producedAt };
  }

  #givesWay(last: LastValue, value: Value): boolean {
    const { producedAt } = last;
    if (producedAt === undefined) return true;
    if (isSame(last, value)) return false;
    const { clock, maxSkewMs } = this.#settings;
    // What is from the future counts as absent, or one wrong clock would shut the host out until then.
    return isFromFuture(producedAt, clock.now(), maxSkewMs) || producedAt <= value.producedAt;
  }

  #noteStored({ subject, producedAt }: Value, sequence: number): Written {
    this.#known.note(subject, { sequence, producedAt });
    this.#counts.stored += 1;
    return { kind: 'stored' };
  }
}

function isSame({ digest, producedAt }: LastValue, value: StreamValue): boolean {
  return digest === value.digest && producedAt?.getTime() === value.producedAt.getTime();
}

async function waitUnlessAborted(before: Promise<unknown>, signal: AbortSignal): Promise<void> {
  try {
    await untilAborted(before, signal);
  } catch {
    // The loop that follows says why nothing came of it.
  }
}
