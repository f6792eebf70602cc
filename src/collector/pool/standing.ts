/** How far a member is: whether it listens, or asks its share. */

import type { PoolTimes } from './contract.ts';
import type { Beat } from './membership.ts';

export class Standing {
  readonly #times: PoolTimes;
  #state: Beat['state'] = 'joining';
  /** Until when it only listens, or waits for the others to have heard that it asks. */
  #quietUntilMs: number;
  /** Until when one that has never asked listens at most. */
  readonly #latestMs: number;
  /** From when one that joins anew goes on with what it has asked before. */
  #goesOnMs: number | undefined;
  /** Others that have said since then that they ask. */
  readonly #askers = new Set<string>();

  constructor(times: PoolTimes, nowMs: number) {
    this.#times = times;
    // Without the others it has to begin one day, and where they come and go as well.
    this.#quietUntilMs = nowMs + times.silenceMs;
    this.#latestMs = this.#quietUntilMs + times.joinMs;
  }

  get state(): Beat['state'] {
    return this.#state;
  }

  /**
   * Listens, and then begins. One that has asked before goes on with that as long as nobody says that he
   * asks: where all were away at once, and join anew, nobody has taken its hosts over.
   */
  join(nowMs: number): void {
    const { joinMs, handoverMs } = this.#times;
    const hasAsked = this.#state === 'asking' || this.#goesOnMs !== undefined;
    this.#goesOnMs = hasAsked ? nowMs + handoverMs : undefined;
    this.#askers.clear();
    this.#state = 'joining';
    this.#quietUntilMs = hasAsked ? nowMs + joinMs : Math.min(nowMs + joinMs, this.#latestMs);
  }

  /** Whether it goes on as before while it joins anew. */
  get goesOn(): boolean {
    return this.#goesOnMs !== undefined && this.#askers.size === 0;
  }

  /** What another says of itself. */
  heard({ member, state }: Beat): void {
    if (this.#state !== 'joining') return;
    if (state === 'asking') this.#askers.add(member);
    else this.#askers.delete(member);
  }

  /** Whether it has listened for long enough. */
  isReady(nowMs: number): boolean {
    return this.#state === 'joining' && nowMs >= this.#quietUntilMs;
  }

  begin(nowMs: number, isAlone: boolean): void {
    this.#state = 'asking';
    this.#goesOnMs = undefined;
    this.#quietUntilMs = nowMs + (isAlone ? 0 : this.#times.handoverMs);
  }

  leave(): void {
    this.#state = 'leaving';
    this.#goesOnMs = undefined;
  }

  /** Whether it asks at the moment. */
  asksAt(nowMs: number): boolean {
    if (this.#state === 'joining') return this.goesOn && nowMs >= (this.#goesOnMs ?? 0);
    return this.#state === 'asking' && nowMs >= this.#quietUntilMs;
  }
}
