/**
 * Members that come back from where others could not hear them. Each has gone on with its hosts, and so
 * have those that took them over; what it has asked last need not be asked again at once.
 */

import { type Membership, mostOthers } from './membership.ts';

/** What one tells travels in some messages, one behind the other. */
const tellingMs = 1000;

export class Returning {
  readonly #membership: Membership;
  /** Since when each of them tells; it is believed once each time that it was among those that ask. */
  readonly #sinceMs = new Map<string, number>();

  constructor(membership: Membership) {
    this.#membership = membership;
  }

  /** Whether what it tells counts also for hosts that are ours by now. */
  believes(member: string, nowMs: number): boolean {
    if (this.#membership.stateOf(member) === 'asking') return false;
    const sinceMs = this.#sinceMs.get(member);
    if (sinceMs !== undefined) return nowMs - sinceMs <= tellingMs;
    if (this.#sinceMs.size >= mostOthers) return false;
    this.#sinceMs.set(member, nowMs);
    return true;
  }

  /** It asks again. */
  asks(member: string): void {
    this.#sinceMs.delete(member);
  }
}
