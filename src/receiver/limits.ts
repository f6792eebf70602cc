/** How much one sender, and all together, may ask of us. */

import { isIPv6 } from 'node:net';
import type { Clock } from '../clock.ts';
import { Refusal } from './refusal.ts';

interface Bucket {
  tokens: number;
  filledAt: number;
}

const minuteMs = 60_000;
/** How many senders are remembered. */
const mostBuckets = 50_000;

/** How many a minute each key may have; as many may come at once. */
export class RateLimit {
  readonly #perMinute: number;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(perMinute: number, clock: Clock) {
    this.#perMinute = perMinute;
    this.#clock = clock;
  }

  /** @returns undefined when it may go on, else the seconds until it may */
  take(key: string): number | undefined {
    const waitS = this.peek(key);
    if (waitS !== undefined) return waitS;
    const bucket = this.#buckets.get(key);
    if (bucket !== undefined) bucket.tokens -= 1;
    return undefined;
  }

  /** The same without counting. */
  peek(key: string): number | undefined {
    if (this.#perMinute === Number.POSITIVE_INFINITY) return undefined;
    const bucket = this.#fill(key);
    if (bucket.tokens >= 1) return undefined;
    return Math.max(1, Math.ceil(((1 - bucket.tokens) * 60) / this.#perMinute));
  }

  #forgetOldest(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }

  #fill(key: string): Bucket {
    const now = this.#clock.monotonic();
    const known = this.#buckets.get(key);
    const bucket = known ?? { tokens: this.#perMinute, filledAt: now };
    const earned = ((now - bucket.filledAt) / minuteMs) * this.#perMinute;
    bucket.tokens = Math.min(this.#perMinute, bucket.tokens + earned);
    bucket.filledAt = now;
    // Moved to the end: the sender that was away longest is forgotten first.
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > mostBuckets) this.#forgetOldest();
    return bucket;
  }
}

/**
 * Whose failures count together: of IPv6 the network of 64 bits, since one machine may have every
 * address in it. For failures only: a network also holds many hosts that do nothing wrong.
 */
export function networkOf(address: string): string {
  const [plain = ''] = address.split('%');
  if (!isIPv6(plain)) return address;
  const [head = '', tail = ''] = plain.split('::');
  const groups = (text: string) => text.split(':').filter((group) => group !== '');
  // An IPv4 address at its end stands for two groups.
  const [before, after] = [groups(head), groups(tail.replace(/[^:]*\..*$/, '0:0'))];
  const between = Array.from({ length: 8 - before.length - after.length }, () => '0');
  const network = [...before, ...between, ...after].slice(0, 4);
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}

/** How many may run at once, overall and for each key. */
export class Slots {
  readonly #total: number;
  readonly #perKey: number;
  readonly #taken = new Map<string, number>();
  #used = 0;

  constructor(total: number, perKey: number) {
    this.#total = total;
    this.#perKey = perKey;
  }

  get used(): number {
    return this.#used;
  }

  /**
   * @returns what gives the slot back; may be called twice
   * @throws Refusal 429 when this sender has too many under way, 503 when all together have
   */
  take(key: string): () => void {
    const mine = this.#taken.get(key) ?? 0;
    if (mine >= this.#perKey) {
      throw new Refusal('too-many', `there are ${mine} requests of this sender under way already`, {
        retryAfterS: 10,
      });
    }
    if (this.#used >= this.#total) {
      throw new Refusal('overloaded', 'too many requests are under way', { retryAfterS: 10 });
    }
    this.#used += 1;
    this.#taken.set(key, mine + 1);
    let isMine = true;
    return () => {
      if (isMine) this.#giveBack(key);
      isMine = false;
    };
  }

  #giveBack(key: string): void {
    this.#used -= 1;
    const left = (this.#taken.get(key) ?? 1) - 1;
    if (left === 0) this.#taken.delete(key);
    else this.#taken.set(key, left);
  }
}

/** Bytes all requests together may hold in memory. */
export class Budget {
  readonly #bytes: number;
  #used = 0;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  get used(): number {
    return this.#used;
  }

  /** @throws Refusal 503 when there is no room */
  take(bytes: number): void {
    if (this.#used + bytes > this.#bytes) {
      throw new Refusal('overloaded', 'too much is being received at once', { retryAfterS: 10 });
    }
    this.#used += bytes;
  }

  giveBack(bytes: number): void {
    this.#used -= bytes;
  }
}

/**
 * Limits how much costly work runs at a time. The rest waits in bounded queues, one for each key,
 * and the keys take turns: a sender of many requests delays only itself.
 */
export class Gate {
  readonly #width: number;
  readonly #longestQueue: number;
  readonly #queues = new Map<string, (() => void)[]>();
  #running = 0;

  /** @param longestQueue of one key */
  constructor(width: number, longestQueue: number) {
    this.#width = width;
    this.#longestQueue = longestQueue;
  }

  /** @throws Refusal 503 when the queue is full */
  async run<Result>(work: () => Promise<Result>, key = 'all'): Promise<Result> {
    if (this.#running >= this.#width) await this.#wait(key);
    else this.#running += 1;
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  #wait(key: string): Promise<void> {
    const queue = this.#queues.get(key) ?? [];
    if (queue.length >= this.#longestQueue) {
      throw new Refusal('overloaded', 'too many requests wait to be checked', { retryAfterS: 10 });
    }
    this.#queues.set(key, queue);
    return new Promise((resolve) => queue.push(resolve));
  }

  #next(): void {
    const [first] = this.#queues;
    if (first === undefined) {
      this.#running -= 1;
      return;
    }
    const [key, queue] = first;
    const go = queue.shift();
    // Moved to the end, behind all others.
    this.#queues.delete(key);
    if (queue.length > 0) this.#queues.set(key, queue);
    go?.();
  }
}
