/** Who is in the pool, as far as this member has heard. */

import { type NameKey, toNameKey, type Weighed } from './placing.ts';
import type { Shares } from './shares.ts';

/** What a member says of itself, again and again. */
export interface Beat {
  readonly member: string;
  /** Another one with each start: two programs of one name notice each other by it. */
  readonly instance: string;
  /** `joining` ones listen only: who asks what, and when it is due again. */
  readonly state: 'asking' | 'joining' | 'leaving';
  /** The networks it reaches, beside what all reach. */
  readonly networks: readonly string[];
  /** Programs of before do not say it. */
  readonly shares?: Shares | undefined;
}

interface Known extends Weighed {
  readonly beat: Beat;
  /** When it was heard last, by the monotonic clock. */
  heardMs: number;
  /** Until then it may be silent, and is not passed over. */
  awaitedUntilMs: number;
  /** Hosts of ours that it does not know, as far as it has told. */
  lacks: ReadonlySet<number>;
  /** Whether it has asked before it joined anew. */
  readonly hasAsked: boolean;
}

const nothing: ReadonlySet<number> = new Set();

/** A member for the status. */
export interface ShownMember {
  readonly member: string;
  readonly state: Beat['state'];
  readonly networks: readonly string[];
  readonly sinceHeardMs: number;
  readonly shares: Shares | undefined;
}

/** Each host is weighed against each of them: more would cost more than they help. */
export const mostOthers = 255;

export class Membership {
  readonly #known = new Map<string, Known>();
  readonly #silenceMs: number;
  #asking: readonly Known[] = [];
  #hasLacks = false;
  #changes = 0;
  #goesOn = false;
  #ourNames: string | undefined;

  /** @param silenceMs a member that is silent for so long is passed over */
  constructor(silenceMs: number) {
    this.#silenceMs = silenceMs;
  }

  /** @returns false for one too many, which is passed over */
  heard(beat: Beat, nowMs: number): boolean {
    const isNew = !this.#known.has(beat.member);
    if (isNew && this.#known.size >= mostOthers) return false;
    const { member, shares, state } = beat;
    const before = this.#known.get(member);
    const { key = toNameKey(member), lacks: lacked = nothing } = before ?? {};
    const hasAsked = before?.beat.state === 'asking' || before?.hasAsked === true;
    const lacks = shares?.names === this.#ourNames ? nothing : lacked;
    const times = { heardMs: nowMs, awaitedUntilMs: nowMs };
    this.#known.set(member, { ...{ member, key, beat, lacks, hasAsked }, ...times });
    if (state === 'leaving') this.#known.delete(member);
    this.#recount();
    return true;
  }

  /** Passes over who has been silent. */
  look(nowMs: number): void {
    let isChanged = false;
    for (const { member, heardMs, awaitedUntilMs } of this.#known.values()) {
      if (nowMs - heardMs <= this.#silenceMs || nowMs < awaitedUntilMs) continue;
      this.#known.delete(member);
      isChanged = true;
    }
    if (isChanged) this.#recount();
  }

  /** How often it has changed who asks what. */
  get changes(): number {
    return this.#changes;
  }

  /** Whether nobody else is there, not even one that only listens. */
  get isEmpty(): boolean {
    return this.#known.size === 0;
  }

  /** Nobody could be heard: all that are known are as if heard now. */
  excuse(nowMs: number): void {
    for (const known of this.#known.values()) known.heardMs = nowMs;
  }

  /** All that are known may be silent for so long, until they are heard again. */
  awaitReturn(nowMs: number, forMs: number): void {
    for (const known of this.#known.values()) known.awaitedUntilMs = nowMs + forMs;
  }

  /** What it said last of itself. */
  stateOf(member: string): Beat['state'] | undefined {
    return this.#known.get(member)?.beat.state;
  }

  /** @param goesOn whether those that asked until now count as they are, also when they join anew */
  goOn(goesOn: boolean): void {
    if (goesOn === this.#goesOn) return;
    this.#goesOn = goesOn;
    this.#recount();
  }

  /** Names of all that ask. */
  get askingNames(): readonly string[] {
    return this.#asking.map(({ member }) => member);
  }

  /** Those that ask a host: they know it, and reach its network if it has one. */
  asking({ whole }: NameKey, network: string | undefined): readonly Weighed[] {
    if (network === undefined && !this.#hasLacks) return this.#asking;
    return this.#asking.filter(
      ({ beat, lacks }) =>
        (network === undefined || beat.networks.includes(network)) && !lacks.has(whole),
    );
  }

  sharesOf(member: string): Shares | undefined {
    return this.#known.get(member)?.beat.shares;
  }

  /** @param hosts {@link NameKey.whole} of hosts of ours that the member does not know */
  lacks(member: string, hosts: ReadonlySet<number>): void {
    const known = this.#known.get(member);
    if (known !== undefined) known.lacks = hosts;
    this.#changes += 1;
    this.#recount();
  }

  /** Whoever has the same hosts as we lacks none of them. */
  set ours({ names }: Shares) {
    this.#ourNames = names;
    for (const known of this.#known.values()) {
      if (known.beat.shares?.names === names) known.lacks = nothing;
    }
    this.#changes += 1;
    this.#recount();
  }

  /** What each of the others has. */
  sharing(): readonly { readonly member: string; readonly shares: Shares | undefined }[] {
    return [...this.#known.values()].map(({ member, beat: { shares } }) => ({ member, shares }));
  }

  show(nowMs: number): readonly ShownMember[] {
    return [...this.#known.values()]
      .map(({ beat: { member, state, networks, shares }, heardMs }) => {
        return { member, state, networks, shares, sinceHeardMs: Math.round(nowMs - heardMs) };
      })
      .sort((one, other) => (one.member < other.member ? -1 : 1));
  }

  #recount(): void {
    const before = this.#asking;
    this.#asking = [...this.#known.values()].filter(
      ({ beat: { state }, hasAsked }) =>
        state === 'asking' || (this.#goesOn && hasAsked && state === 'joining'),
    );
    if (!isSame(before, this.#asking)) this.#changes += 1;
    this.#hasLacks = this.#asking.some(({ lacks }) => lacks.size > 0);
  }
}

/** Beats are heard again and again: the same members with the same networks and hosts ask the same. */
function isSame(before: readonly Known[], now: readonly Known[]): boolean {
  return (
    before.length === now.length &&
    now.every(({ member, lacks, beat: { networks } }, index) => {
      const other = before[index];
      return (
        other?.member === member &&
        other.lacks === lacks &&
        networks.join() === other.beat.networks.join()
      );
    })
  );
}
