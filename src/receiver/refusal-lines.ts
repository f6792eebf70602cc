/** Lines of the log about refusals: anybody can have as many as they like refused, and a disk is finite. */

import type { Clock } from '../clock.ts';
import type { Logger } from '../logging/log.ts';
import { counted } from '../names/counted.ts';
import { networkOf, RateLimit } from './limits.ts';

/** A minute, of each sender: many hosts may be behind one address, and have the same trouble at once. */
export const mostRefusalLines = 300;

export class RefusalLines {
  readonly #log: Logger;
  readonly #lines: RateLimit;
  readonly #sums: RateLimit;
  #untold = 0;

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#lines = new RateLimit(mostRefusalLines, clock);
    this.#sums = new RateLimit(1, clock);
  }

  /** @param address whom it was refused to */
  tell(address: string, fields: object, message: string): void {
    if (this.#lines.take(networkOf(address)) === undefined) {
      this.#log.info(fields, message);
      return;
    }
    this.#untold += 1;
    if (this.#sums.take('all') !== undefined) return;
    const what = `${counted(this.#untold, 'refusal')} of senders that have more than ${mostRefusalLines} a minute`;
    this.#log.warn({ address }, `${what}: not a line each, of this one and others`);
    this.#untold = 0;
  }
}
