/** One source that is followed: what it hands over waits here for the cycle of its host. */

import type { Clock } from '../clock.ts';
import { CourierError } from '../faults/errors.ts';
import type { HostName } from '../names/host-name.ts';
import { GoneFault } from '../transports/gone.ts';
import type { Target } from '../transports/source.ts';
import type { Delivery, Subscriber, SubscriptionNews } from '../transports/transport.ts';

/** What arrived of a host and is not taken yet. */
interface Waiting {
  readonly arrival: Delivery | CourierError;
  /** Lets the next output of the host come. */
  readonly taken: () => void;
  /** Whether a cycle has ended without it. */
  wasLeft: boolean;
}

export interface SubscriptionCounts {
  readonly arrived: number;
  readonly gaps: number;
  readonly foreign: number;
  readonly losses: number;
}

export class Subscription implements Subscriber {
  readonly wanted = new Map<HostName, Target>();
  readonly counts = { arrived: 0, gaps: 0, foreign: 0, losses: 0 };
  readonly #clock: Clock;
  /** Runs the cycle of a host as soon as may be; false when it is not ours to ask. */
  readonly #urge: (host: HostName) => boolean;
  readonly #waiting = new Map<HostName, Waiting>();
  /** Hosts of which there is none any more, by what arrived last. */
  readonly #gone = new Map<HostName, GoneFault>();
  #fault: CourierError | undefined;
  #isFollowing = false;
  /** Since when it has been as it is: following, away, or neither yet. */
  #since: Date;
  #delayMs: number | undefined;
  #isOver = false;
  /** Hears when it begins to follow, and why it no longer does. */
  readonly #changed: (fault: CourierError | undefined) => void;

  constructor(
    clock: Clock,
    urge: (host: HostName) => boolean,
    changed: (fault: CourierError | undefined) => void,
  ) {
    this.#clock = clock;
    this.#since = new Date(clock.now());
    this.#urge = urge;
    this.#changed = changed;
  }

  get isFollowing(): boolean {
    return this.#isFollowing;
  }

  /** When it came to be as it is. */
  get since(): Date {
    return this.#since;
  }

  /** Why it does not follow; undefined while it does, or before it has tried. */
  get fault(): CourierError | undefined {
    return this.#fault;
  }

  /** From production to arrival, of the last output that said when it was produced. */
  get delayMs(): number | undefined {
    return this.#delayMs;
  }

  async deliver({ host }: Target, arrival: Delivery | CourierError): Promise<void> {
    if (this.#isOver) return;
    this.counts.arrived += 1;
    if (!(arrival instanceof CourierError) && arrival.producedAt instanceof Date) {
      this.#delayMs = Math.max(0, this.#clock.now() - arrival.producedAt.getTime());
    }
    if (arrival instanceof GoneFault) this.#gone.set(host, arrival);
    else this.#gone.delete(host);
    const { promise, resolve: taken } = Promise.withResolvers<void>();
    this.#waiting.get(host)?.taken();
    this.#waiting.set(host, { arrival, taken, wasLeft: false });
    this.#urgeOrLeave(host);
    return promise;
  }

  tell(news: SubscriptionNews): void {
    if (news === 'foreign') this.counts.foreign += 1;
    else if (news === 'gap') this.counts.gaps += 1;
    else this.#turn(news === 'following' ? undefined : news);
  }

  #turn(fault: CourierError | undefined): void {
    const [wasFollowing, before] = [this.#isFollowing, this.#fault];
    this.#isFollowing = fault === undefined;
    this.#fault = fault;
    if (wasFollowing && fault !== undefined) this.counts.losses += 1;
    const isNew = wasFollowing !== this.#isFollowing;
    // The first fault of one that never followed ends its beginning.
    const isOther = isNew || (before === undefined && fault !== undefined);
    if (isOther) this.#since = new Date(this.#clock.now());
    if (isNew || before?.message !== fault?.message) {
      this.#changed(fault);
    }
  }

  /**
   * What the source would answer for a host: what arrived, once. Where that was that there is none any
   * more, it stands until something else arrives: what is still kept there is from before.
   */
  answer(host: HostName): Delivery | CourierError | undefined {
    return this.take(host) ?? (this.#isFollowing ? this.#gone.get(host) : undefined);
  }

  /** The host is no longer wanted. */
  forget(host: HostName): void {
    this.wanted.delete(host);
    this.#gone.delete(host);
    this.take(host);
  }

  /** What arrived of a host, once. */
  take(host: HostName): Delivery | CourierError | undefined {
    const waiting = this.#waiting.get(host);
    this.#waiting.delete(host);
    waiting?.taken();
    return waiting?.arrival;
  }

  /** A cycle of the host has ended. What came meanwhile gets one more; what it did not take, none. */
  cycleEnded(host: HostName): void {
    const waiting = this.#waiting.get(host);
    if (waiting === undefined) return;
    if (waiting.wasLeft || !this.wanted.has(host)) {
      this.take(host);
      return;
    }
    waiting.wasLeft = true;
    this.#urgeOrLeave(host);
  }

  /** Hosts that are another's by now hold up none of ours. */
  leaveToOthers(isOurs: (host: HostName) => boolean): void {
    for (const host of this.#waiting.keys()) {
      if (!isOurs(host)) this.#urgeOrLeave(host);
    }
  }

  /** Whoever asks a host that is not ours gets it from the source, as we do when it becomes ours. */
  #urgeOrLeave(host: HostName): void {
    if (!this.#urge(host)) this.take(host);
  }

  /** Nothing is taken any more. */
  end(): void {
    this.#isOver = true;
    this.#isFollowing = false;
    for (const host of [...this.#waiting.keys()]) this.take(host);
  }
}
