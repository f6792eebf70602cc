/** What a pool needs of its surroundings, and what it tells of itself. */

import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logging/log.ts';
import type { HostName } from '../../names/host-name.ts';
import type { History } from '../backoff.ts';
import type { Beat, ShownMember } from './membership.ts';

/** What the pool needs of a host. */
export interface PoolHost {
  readonly target: { readonly host: HostName };
  readonly route: {
    readonly sources: readonly { readonly uri: string }[];
    readonly with: readonly { readonly uri: string }[];
    readonly settings: { readonly pool: string | undefined };
  };
  readonly routed: { readonly everyMs: number };
  readonly dueMs: number;
  readonly isRunning: boolean;
  /** Cycles that brought nothing, in a row. */
  readonly history: Pick<History, 'failures'>;
  planFor(dueMs: number): void;
}

/** How members reach each other. Nothing here waits or throws. */
export interface PoolWay {
  /** Says to all, ourselves included, how we are. */
  announce(beat: Beat): void;
  /** Says to all others when hosts are due again. */
  tell(records: Uint8Array): void;
  /** Says to all others which hosts we know; a part of it (host-sets.ts). */
  tellHosts(part: Uint8Array): void;
  /** Asks all others to tell that of each of their hosts. */
  question(): void;
}

/** All times in milliseconds. */
export interface PoolTimes {
  readonly beatMs: number;
  readonly silenceMs: number;
  /** Whoever has not looked for so long may have been passed over. */
  readonly gapMs: number;
  /** So long at most others are waited for when the way to them is back. */
  readonly returnMs: number;
  /** How long one that joins listens. */
  readonly joinMs: number;
  /** How long one that begins to ask waits, so that all others have heard of it. */
  readonly handoverMs: number;
  /** How long records wait for others, to travel together. */
  readonly tellMs: number;
}

export const usualTimes: PoolTimes = {
  beatMs: 3000,
  silenceMs: 10_000,
  gapMs: 5000,
  returnMs: 20_000,
  joinMs: 4000,
  handoverMs: 1000,
  tellMs: 250,
};

export interface PoolSettings {
  readonly member: string;
  readonly instance: string;
  readonly networks: readonly string[];
  readonly times: PoolTimes;
  readonly clock: Clock;
  readonly log: Logger;
}

/** For the status. */
export interface PoolStatus {
  readonly member: string;
  /** `apart` where the others cannot be heard: who was there last still counts. */
  readonly state: Beat['state'] | 'apart';
  readonly members: readonly ShownMember[];
  /** Hosts that this one asks. */
  readonly ours: number;
  /** Hosts that nobody asks, since no member reaches their network. */
  readonly unserved: number;
  /** Who has which routes, in words, where they are not the same. */
  readonly difference: string | undefined;
  /** Another program that calls itself as we do. */
  readonly double: boolean;
}
