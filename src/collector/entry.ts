/** A host as the collector knows it: what routes say of it, how its cycles went, when it is due. */

import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.ts';
import type { CourierError } from '../faults/errors.ts';
import { Rests } from '../fetching/rests.ts';
import type { Route } from '../routes/route.ts';
import type { Target } from '../transports/source.ts';
import type { AttemptNote } from './attempt-note.ts';
import { afterFault, cleanHistory, delayMs, type History } from './backoff.ts';
import type { BesideState } from './beside-state.ts';

/** The newest good output of a host. */
export interface LastGood {
  readonly producedAtMs: number;
  /** When it came. */
  readonly receivedAt: Date;
  readonly source: string;
  readonly bytes: number;
  /** The size of what goes out ahead of it in the ready file. */
  readonly aheadBytes: number;
  /** Rules that it breaks without being refused, in words; empty when it breaks none. */
  readonly losses: string;
  /** What it was sealed with; undefined when it was not. */
  readonly seal?: GoodSeal | undefined;
}

/** The seal of the newest good output. */
export interface GoodSeal {
  /** What people call the key. */
  readonly key: string;
  /** When it was produced: 14 digits of UTC. */
  readonly sequence: string;
  /** When the key ends, in milliseconds since 1970; undefined when it does not. */
  readonly expiresAtMs: number | undefined;
}

/** Why a cycle brought nothing. */
export interface LastFault {
  readonly error: CourierError;
  readonly line: string;
  readonly atMs: number;
}

/** What routes and lists say of a host. */
export interface Routed {
  readonly target: Target;
  readonly tags: readonly string[];
  /** What is ready is good only for the address it was asked with. */
  readonly isAsked: boolean;
  /** Nothing is laid ready: the site is to come itself, and tell what is new. */
  readonly isToRenew: boolean;
  readonly route: Route;
  /** The peers of its first source and of those beside it that other hosts share, each once. */
  readonly peers: readonly string[];
  readonly everyMs: number;
}

/** What the site gets at the moment. */
export type Laid = 'output' | 'grace' | 'fault' | 'nothing';

/** When a cycle ended or began, by the monotonic clock, and a number from 0 to 1 that spreads hosts. */
export interface Moment {
  readonly nowMs: number;
  readonly chance: number;
}

/** So late is a source asked that hands over by itself: what comes each interval is then ahead of it. */
const followedFactor = 1.5;

export class Entry {
  #routed: Routed;
  #dueMs: number;
  #isRunning = false;
  #history = cleanHistory;
  #lastGood: LastGood | undefined;
  #lastFault: LastFault | undefined;
  #durationMs: number | undefined;
  #keptAtMs: number | undefined;
  #isUnkept = false;
  #beside: readonly BesideState[] = [];
  #rests: Rests | undefined;
  #laid: Laid = 'nothing';
  #targets = 0;
  #attempts: readonly AttemptNote[] = [];
  #changedMs: number;
  /** Whether its source hands over by itself what is new: cycles are for the case that nothing comes. */
  isFollowed = false;

  /** A host that has not been asked yet. */
  constructor(routed: Routed, dueMs: number) {
    this.#routed = routed;
    this.#dueMs = dueMs;
    this.#changedMs = dueMs;
  }

  get routed(): Routed {
    return this.#routed;
  }

  get target(): Target {
    return this.#routed.target;
  }

  get route(): Route {
    return this.#routed.route;
  }

  /** When it is to be asked next, by the monotonic clock. */
  get dueMs(): number {
    return this.#dueMs;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  get history(): History {
    return this.#history;
  }

  get lastGood(): LastGood | undefined {
    return this.#lastGood;
  }

  get lastFault(): LastFault | undefined {
    return this.#lastFault;
  }

  /** How long its last cycle took. */
  get durationMs(): number | undefined {
    return this.#durationMs;
  }

  /** When output was put into the spool last, by the monotonic clock. */
  get keptAtMs(): number | undefined {
    return this.#keptAtMs;
  }

  /** Whether the newest good output is only where it is ready. */
  get isUnkept(): boolean {
    return this.#isUnkept;
  }

  /** What sources beside the chain added to what the site gets. */
  get beside(): readonly BesideState[] {
    return this.#beside;
  }

  /** @returns how they did before */
  besideWas(beside: readonly BesideState[]): readonly BesideState[] {
    const before = this.#beside;
    this.#beside = beside;
    return before;
  }

  /** Rests of sources beside the chain. */
  rests(clock: Clock): Rests {
    this.#rests ??= new Rests(clock);
    return this.#rests;
  }

  get laid(): Laid {
    return this.#laid;
  }

  /** The last attempt at each source. */
  get attempts(): readonly AttemptNote[] {
    return this.#attempts;
  }

  /** In the place of the one before at the same source. */
  attempted(note: AttemptNote): void {
    this.#attempts = [...this.#attempts.filter(({ uri }) => uri !== note.uri), note];
  }

  /** When a cycle of it ended last or its route changed, by the monotonic clock. */
  get changedMs(): number {
    return this.#changedMs;
  }

  isDue(nowMs: number): boolean {
    return !this.#isRunning && this.#dueMs <= nowMs;
  }

  /** Sets when it is asked first or next; spread, so that new hosts are not asked all at once. */
  planFor(dueMs: number): void {
    this.#dueMs = dueMs;
  }

  /** Changes whenever there is another thing to ask. */
  get targets(): number {
    return this.#targets;
  }

  started(): void {
    this.#isRunning = true;
  }

  ended(): void {
    this.#isRunning = false;
  }

  took(durationMs: number, endedMs: number): void {
    this.#durationMs = durationMs;
    this.#changedMs = endedMs;
  }

  /**
   * A cycle brought good output.
   *
   * @param began when it began, so that slow hosts keep their interval
   * @returns whether the cycle before it did not
   */
  succeeded(good: LastGood, began: Moment, nowMs: number): boolean {
    const wasFaulty = this.#history.failures > 0;
    this.#history = cleanHistory;
    this.#lastGood = good;
    this.#schedule(began, nowMs);
    return wasFaulty;
  }

  /**
   * A cycle brought no good output.
   *
   * @returns whether the cycle before it did, or there was none
   */
  failed(fault: LastFault, ended: Moment): boolean {
    const wasGood = this.#history.failures === 0;
    this.#history = afterFault(this.#history, fault.error);
    this.#lastFault = fault;
    this.#schedule(ended, ended.nowMs);
    return wasGood;
  }

  /**
   * The routes or lists say something else now. Other sources or another address are another thing
   * to ask: what was known of the old ones is forgotten, and a cycle under way no longer counts. A
   * shorter interval takes effect at once.
   *
   * @returns whether it is another thing to ask, which is then to be asked soon
   */
  rerouted(routed: Routed, nowMs: number): boolean {
    const before = this.#routed;
    this.#routed = routed;
    if (before.route !== routed.route || before.everyMs !== routed.everyMs) this.#changedMs = nowMs;
    if (isSameTarget(before, routed)) {
      const sooner = routed.everyMs < before.everyMs ? nowMs + routed.everyMs : this.#dueMs;
      this.#dueMs = Math.min(this.#dueMs, sooner);
      return false;
    }
    this.#history = cleanHistory;
    this.#beside = [];
    this.#rests = undefined;
    this.#attempts = [];
    this.isFollowed = false;
    this.#targets += 1;
    return true;
  }

  /** The newest good output is in the spool. */
  kept(nowMs: number): void {
    this.#keptAtMs = nowMs;
    this.#isUnkept = false;
  }

  /** The newest good output is only where it is ready. */
  leftUnkept(): void {
    this.#isUnkept = true;
  }

  /** The newest output cannot be kept, or need not be kept any more. */
  givenUpKeeping(): void {
    this.#isUnkept = false;
  }

  laidReady(laid: Laid): void {
    this.#laid = laid;
  }

  #schedule({ nowMs: fromMs, chance }: Moment, nowMs: number): void {
    const everyMs = this.#routed.everyMs * (this.isFollowed ? followedFactor : 1);
    this.#dueMs = Math.max(fromMs + delayMs(everyMs, this.#history, chance), nowMs);
  }
}

/** Compares routes without their lines: a route that moved within the file is the same. */
function isSameTarget(one: Routed, other: Routed): boolean {
  return isDeepStrictEqual(whatIsAsked(one), whatIsAsked(other));
}

function whatIsAsked({ target, route }: Routed): unknown {
  const [sources, beside] = [route.sources, route.with].map((list) =>
    list.map(({ uri, options }) => [uri, options]),
  );
  return [target.address, sources, beside];
}
