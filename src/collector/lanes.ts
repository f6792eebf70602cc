/** Which hosts may be asked at the same time. */

import type { Logger } from '../logging/log.ts';
import { describeShortage, type Room } from '../system/open-files.ts';

/** A host that is due to be asked. */
export interface Candidate {
  /** The peers it shares with other hosts, each once. */
  readonly peers: readonly string[];
  /** Whether it was silent the last time. */
  readonly isSuspect: boolean;
}

/** How many hosts are asked at once. */
export interface Limits {
  /** For all together. */
  readonly concurrency: number;
  /** For one peer. */
  readonly perPeer: number;
}

/**
 * The part of the places, of all and of each peer, that hosts which may hang can take; the others
 * need room.
 */
const partOfSuspects = 0.25;

/** How many hosts are being asked at one peer. */
interface AtPeer {
  inside: number;
  suspects: number;
}

export class Lanes {
  #limits: Limits;
  #inside = 0;
  #suspects = 0;
  readonly #peers = new Map<string, AtPeer>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Applies to hosts that enter from now on. */
  set limits(limits: Limits) {
    this.#limits = limits;
  }

  get limits(): Limits {
    return this.#limits;
  }

  get inside(): number {
    return this.#inside;
  }

  get isFull(): boolean {
    return this.#inside >= this.#limits.concurrency;
  }

  /** Takes a place and returns what gives it back, once; undefined when there is none. */
  enter({ peers, isSuspect }: Candidate): (() => void) | undefined {
    const { concurrency, perPeer } = this.#limits;
    if (this.isFull) return undefined;
    if (isSuspect && this.#suspects >= suspectsOf(concurrency)) return undefined;
    if (!peers.every((peer) => this.#hasRoom(peer, isSuspect, perPeer))) return undefined;
    this.#count(peers, isSuspect, 1);
    return () => this.#count(peers, isSuspect, -1);
  }

  #hasRoom(peer: string, isSuspect: boolean, perPeer: number): boolean {
    const there = this.#peers.get(peer);
    if (there === undefined) return true;
    return there.inside < perPeer && !(isSuspect && there.suspects >= suspectsOf(perPeer));
  }

  #count(peers: readonly string[], isSuspect: boolean, by: 1 | -1): void {
    this.#inside += by;
    if (isSuspect) this.#suspects += by;
    for (const peer of peers) this.#countAt(peer, isSuspect, by);
  }

  #countAt(peer: string, isSuspect: boolean, by: 1 | -1): void {
    const there = this.#peers.get(peer) ?? { inside: 0, suspects: 0 };
    there.inside += by;
    if (isSuspect) there.suspects += by;
    if (there.inside === 0) this.#peers.delete(peer);
    else this.#peers.set(peer, there);
  }
}

/** At least one: otherwise nobody would notice when a silent host answers again. */
function suspectsOf(places: number): number {
  return Math.max(1, Math.floor(places * partOfSuspects));
}

/** No more at once than the limit of open files has room for. */
export function fitInto(room: Room | undefined, concurrency: number, log: Logger): number {
  if (room === undefined || room.most >= concurrency) return concurrency;
  log.warn({}, describeShortage(room, concurrency, 'fetches'));
  return room.most;
}
