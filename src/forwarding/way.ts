/** The way to the site: several receivers, of which the first that is well is sent to. */

import type { Clock } from '../clock.ts';
import { CourierError } from '../faults/errors.ts';
import type { RelayAnswer } from '../relay/message.ts';
import { isTooLarge, type Receiver } from './receiver.ts';

/** What was answered, and by whom. */
export interface Answered {
  readonly answer: RelayAnswer;
  readonly by: Receiver;
}

export class Way {
  readonly #receivers: readonly Receiver[];
  readonly #clock: Clock;
  readonly #trying = new Set<Receiver>();
  #current: Receiver | undefined;

  /** @param receivers in the order of preference */
  constructor(receivers: readonly Receiver[], clock: Clock) {
    this.#receivers = receivers;
    this.#clock = clock;
  }

  get receivers(): readonly Receiver[] {
    return this.#receivers;
  }

  /** The one that answered last; undefined while none does. */
  get current(): Receiver | undefined {
    return this.#current;
  }

  /** In how many milliseconds any of them may be tried; 0 for at once. */
  get waitMs(): number {
    const earliest = Math.min(...this.#receivers.map(({ tryAtMs }) => tryAtMs));
    return Math.max(0, earliest - this.#clock.monotonic());
  }

  /**
   * Sends to the first that is well, else to those that may be tried again, in order.
   *
   * @throws CourierError of the last that was tried; one that says that the message is too large
   */
  async send(message: Buffer, signal: AbortSignal): Promise<Answered> {
    let last: CourierError | undefined;
    const well = this.#receivers.filter(({ fault }) => fault === undefined);
    const others = this.#receivers.filter((one) => one.fault !== undefined && one.mayBeTried);
    for (const by of [...well, ...others]) {
      try {
        const answer = await by.send(message, signal);
        this.#current = by;
        return { answer, by };
      } catch (error) {
        if (!(error instanceof CourierError) || signal.aborted || isTooLarge(error)) throw error;
        last = error;
      }
    }
    this.#current = undefined;
    throw last ?? new CourierError('UNREACHABLE', 'no receiver may be tried yet');
  }

  /**
   * Asks those that are preferred to the present one whether they are well again, beside all else.
   * Never rejects.
   */
  async lookBack(message: () => Buffer, signal: AbortSignal): Promise<void> {
    const place = this.#current === undefined ? 0 : this.#receivers.indexOf(this.#current);
    const due = this.#receivers
      .slice(0, place)
      .filter((one) => one.fault !== undefined && one.mayBeTried && !this.#trying.has(one));
    await Promise.all(due.map((one) => this.#try(one, message(), signal)));
  }

  async #try(receiver: Receiver, message: Buffer, signal: AbortSignal): Promise<void> {
    this.#trying.add(receiver);
    try {
      await receiver.send(message, signal);
    } catch {
      // It keeps its fault, which the status shows.
    } finally {
      this.#trying.delete(receiver);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#receivers.map((receiver) => receiver.close()));
  }
}
