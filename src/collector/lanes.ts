/** Who may be asked at the same time. */

/** One who wants to be asked. */
export interface Candidate {
  /** The peer it is asked at, where several hosts are asked at the same one. */
  readonly peer: string | undefined;
  /** It was silent the last time. */
  readonly isSuspect: boolean;
}

interface Limits {
  /** For all together. */
  readonly concurrency: number;
  /** For one peer. */
  readonly perPeer: number;
}

/** Those who may hang get this part of the places, so that there is always room for the others. */
const partOfSuspects = 0.25;

export class Lanes {
  #limits: Limits;
  #inside = 0;
  #suspects = 0;
  readonly #peers = new Map<string, number>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Holds for those who enter from now on. */
  set limits(limits: Limits) {
    this.#limits = limits;
  }

  get inside(): number {
    return this.#inside;
  }

  get isFull(): boolean {
    return this.#inside >= this.#limits.concurrency;
  }

  /** Takes a place and returns what gives it back, once; undefined when there is none. */
  enter({ peer, isSuspect }: Candidate): (() => void) | undefined {
    const { concurrency, perPeer } = this.#limits;
    if (this.isFull) return undefined;
    if (isSuspect && this.#suspects >= Math.max(1, concurrency * partOfSuspects)) return undefined;
    if (peer !== undefined && this.#atPeer(peer) >= perPeer) return undefined;
    this.#count(peer, isSuspect, 1);
    return () => this.#count(peer, isSuspect, -1);
  }

  #atPeer(peer: string): number {
    return this.#peers.get(peer) ?? 0;
  }

  #count(peer: string | undefined, isSuspect: boolean, by: 1 | -1): void {
    this.#inside += by;
    if (isSuspect) this.#suspects += by;
    if (peer === undefined) return;
    const left = this.#atPeer(peer) + by;
    if (left === 0) this.#peers.delete(peer);
    else this.#peers.set(peer, left);
  }
}
