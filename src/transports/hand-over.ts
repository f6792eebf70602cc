/** Hands outputs over as fast as they are taken, as the contract of `subscribe` says. */

import type { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { HostName } from '../names/host-name.ts';
import { untilAborted } from '../system/until-aborted.ts';
import type { Target } from './source.ts';
import type { Delivery, Subscriber } from './transport.ts';

export interface HandOverSettings<Item> {
  readonly subscriber: Subscriber;
  /** How many outputs may be not yet taken. */
  readonly concurrency: number;
  /** What a thing that arrived is for its host. Called when it is its turn; a fault is that of its host alone. */
  toArrival(item: Item, target: Target): Promise<Delivery | CourierError>;
}

interface Offered<Item> {
  readonly target: Target;
  readonly item: Item;
}

export class HandOver<Item> {
  readonly #settings: HandOverSettings<Item>;
  readonly #signal: AbortSignal;
  readonly #underWay = new Map<HostName, Promise<void>>();
  /** The newest of each host whose output before is under way. */
  readonly #next = new Map<HostName, Offered<Item>>();

  readonly #arriving = new Set<Promise<unknown>>();

  /** @param signal ends all waiting; its reason does not matter */
  constructor(settings: HandOverSettings<Item>, signal: AbortSignal) {
    this.#settings = settings;
    this.#signal = signal;
  }

  /**
   * Offers what has just arrived of a host, in the place of what waits for it. Resolves when there
   * is room for another one, or when the signal has aborted.
   */
  async offer(target: Target, item: Item): Promise<void> {
    const { host } = target;
    if (this.#underWay.has(host)) this.#next.set(host, { target, item });
    else this.#start({ target, item });
    while (this.#isFull && !this.#signal.aborted) await this.#wait();
  }

  /** Resolves when all that was offered has been handed over, if not yet taken. */
  async settled(): Promise<void> {
    await untilAborted(Promise.all(this.#arriving), this.#signal).catch(() => undefined);
  }

  get #isFull(): boolean {
    const { concurrency } = this.#settings;
    return this.#underWay.size >= concurrency || this.#next.size >= concurrency;
  }

  async #wait(): Promise<void> {
    const first = Promise.race(this.#underWay.values());
    await untilAborted(first, this.#signal).catch(() => undefined);
  }

  #start(offered: Offered<Item>): void {
    const { host } = offered.target;
    const handing = this.#hand(offered).finally(() => {
      this.#underWay.delete(host);
      const next = this.#next.get(host);
      this.#next.delete(host);
      if (next !== undefined && !this.#signal.aborted) this.#start(next);
    });
    this.#underWay.set(host, handing);
  }

  async #hand({ target, item }: Offered<Item>): Promise<void> {
    const { subscriber, toArrival } = this.#settings;
    // Nobody waits for it in particular: what it rejected with would end the process.
    const making = async () => toArrival(item, target);
    const arriving = making().catch((thrown: unknown) =>
      asCourierError(thrown, `what has arrived of ${target.host}`),
    );
    this.#arriving.add(arriving);
    const arrival = await arriving.finally(() => this.#arriving.delete(arriving));
    if (!this.#signal.aborted) await subscriber.deliver(target, arrival);
  }
}
