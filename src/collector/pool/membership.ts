/** Who is in the pool, as far as this member has heard. */

import { toNameKey, type Weighed } from './placing.ts';

/** What a member says of itself, again and again. */
export interface Beat {
  readonly member: string;
  /** Another one with each start: two programs of one name notice each other by it. */
  readonly instance: string;
  /** `joining` ones listen only: who asks what, and when it is due again. */
  readonly state: 'asking' | 'joining' | 'leaving';
  /** The networks it reaches, beside what all reach. */
  readonly networks: readonly string[];
}

interface Known extends Weighed {
  readonly beat: Beat;
  /** When it was heard last, by the monotonic clock. */
  heardMs: number;
}

/** A member for the status. */
export interface ShownMember {
  readonly member: string;
  readonly state: Beat['state'];
  readonly networks: readonly string[];
  readonly sinceHeardMs: number;
}

/** Each host is weighed against each of them: more would cost more than they help. */
export const mostOthers = 255;

export class Membership {
  readonly #known = new Map<string, Known>();
  readonly #silenceMs: number;
  #asking: readonly Known[] = [];

  /** @param silenceMs a member that is silent for so long is passed over */
  constructor(silenceMs: number) {
    this.#silenceMs = silenceMs;
  }

  /** @returns false for one too many, which is passed over */
  heard(beat: Beat, nowMs: number): boolean {
    const isNew = !this.#known.has(beat.member);
    if (isNew && this.#known.size >= mostOthers) return false;
    const key = this.#known.get(beat.member)?.key ?? toNameKey(beat.member);
    this.#known.set(beat.member, { member: beat.member, key, beat, heardMs: nowMs });
    if (beat.state === 'leaving') this.#known.delete(beat.member);
    this.#recount();
    return true;
  }

  /** Passes over who has been silent. */
  look(nowMs: number): void {
    let isChanged = false;
    for (const { member, heardMs } of this.#known.values()) {
      if (nowMs - heardMs <= this.#silenceMs) continue;
      this.#known.delete(member);
      isChanged = true;
    }
    if (isChanged) this.#recount();
  }

  /** Whether nobody else is there, not even one that only listens. */
  get isEmpty(): boolean {
    return this.#known.size === 0;
  }

  /** Nobody could be heard: all that are known are as if heard now. */
  excuse(nowMs: number): void {
    for (const known of this.#known.values()) known.heardMs = nowMs;
  }

  /** Those that ask hosts of a network, or hosts that all reach. */
  asking(network: string | undefined): readonly Weighed[] {
    if (network === undefined) return this.#asking;
    return this.#asking.filter(({ beat }) => beat.networks.includes(network));
  }

  show(nowMs: number): readonly ShownMember[] {
    return [...this.#known.values()]
      .map(({ beat: { member, state, networks }, heardMs }) => {
        return { member, state, networks, sinceHeardMs: Math.round(nowMs - heardMs) };
      })
      .sort((one, other) => (one.member < other.member ? -1 : 1));
  }

  #recount(): void {
    this.#asking = [...this.#known.values()].filter(({ beat }) => beat.state === 'asking');
  }
}
