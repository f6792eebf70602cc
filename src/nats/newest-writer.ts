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
   * Removes a message of a subject, older than that sequence, which the server still has though it says
   * that there is none: it would take away all that follows (nats.md#hidden-messages).
   *
   * @returns whether there was one
   */
  uncover(subject: string, before: number): Promise<boolean>;
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

/** What may be over a moment later. */
const passing: ReadonlySet<string> = new Set(['UNREACHABLE', 'TIMEOUT', 'PEER']);

const pauses = { firstMs: 25, longestMs: 1000, spread: 0.5 };

/** A stream forgets what is older than it is told to keep: then nothing was lost. */
const surelyKeptMs = 10 * 60_000;

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
    let pause: GrowingPause | undefined;
    let fault: CourierError | undefined;
    while (!signal.aborted) {
      try {
        if (!isRead) found.last = await this.#ask(value.subject, found, signal);
        isRead = false;
        const written = await this.#attempt(value, found, signal);
        if (typeof written === 'object') return written;
        if (written === 'conflict') this.#counts.conflicts += 1;
        else found.repeats += 1;
      } catch (error) {
        if (signal.aborted) break;
        fault = asCourierError(error, 'writing to the broker');
        if (!passing.has(fault.code)) throw fault;
        isRead = false;
        this.#counts.again += 1;
        pause ??= new GrowingPause(this.#settings.clock, pauses);
        await pause.wait(signal);
      }
    }
    throw fault ?? new CourierError('TIMEOUT', 'the broker was not asked in time');
  }

  /** What the stream has: what it has told us, or something newer, unless it has lost that. */
  async #ask(subject: string, found: Found, signal: AbortSignal): Promise<LastValue | undefined> {
    const last = await untilAborted(this.#stream.last(subject), signal);
    const { told } = found;
    if (told === undefined || (last?.sequence ?? 0) >= told.sequence) return last;
    const isHidden = last === undefined && (await this.#uncover(subject, told, signal));
    if (isHidden || this.#isRecent(told)) this.#counts.lost += 1;
    found.told = undefined;
    return last;
  }

  #uncover(subject: string, { sequence }: LastValue, signal: AbortSignal): Promise<boolean> {
    return untilAborted(this.#stream.uncover(subject, sequence), signal);
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
    if (last?.producedAt === undefined) return undefined;
    if (last.digest === value.digest && last.producedAt.getTime() === value.producedAt.getTime()) {
      return this.#noteStored(value, last.sequence);
    }
    const { clock, maxSkewMs } = this.#settings;
    // What is from the future counts as absent, or one wrong clock would shut the host out until then.
    if (isFromFuture(last.producedAt, clock.now(), maxSkewMs)) return undefined;
    if (last.producedAt <= value.producedAt) return undefined;
    this.#known.note(value.subject, { sequence: last.sequence, producedAt: last.producedAt });
    this.#counts.older += 1;
    return { kind: 'older', producedAt: last.producedAt };
  }

  #noteStored({ subject, producedAt }: Value, sequence: number): Written {
    this.#known.note(subject, { sequence, producedAt });
    this.#counts.stored += 1;
    return { kind: 'stored' };
  }
}

async function waitUnlessAborted(before: Promise<unknown>, signal: AbortSignal): Promise<void> {
  try {
    await untilAborted(before, signal);
  } catch {
    // The loop that follows says why nothing came of it.
  }
}
