/** Lines of the log about refusals: anybody can have as many as they like refused, and a disk is finite. */

import type { Clock } from '../clock.ts';
import type { Logger } from '../logging/log.ts';
import { counted } from '../names/counted.ts';
import { networkOf, RateLimit } from './limits.ts';

/** A minute, of each sender: many hosts may be behind one address, and have the same trouble at once. */
export const mostRefusalLines = 300;

/** A minute, of all senders: on a full disk every host is refused, and the log may be on the same disk. */
const mostOfAll = 1000;

export interface RefusalLine {
  /** Whom it was refused to. */
  readonly address: string;
  readonly fields: object;
  readonly message: string;
  /** Whether it is our trouble rather than theirs. */
  readonly isGrave: boolean;
}

export class RefusalLines {
  readonly #log: Logger;
  readonly #lines: RateLimit;
  readonly #all: RateLimit;
  readonly #sums: RateLimit;
  #untold = 0;

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#lines = new RateLimit(mostRefusalLines, clock);
    this.#all = new RateLimit(mostOfAll, clock);
    this.#sums = new RateLimit(1, clock);
  }

  tell({ address, fields, message, isGrave }: RefusalLine): void {
    const isTooMuch =
      this.#lines.take(networkOf(address)) !== undefined || this.#all.take('all') !== undefined;
    if (isTooMuch) this.#leaveOut(address);
    else if (isGrave) this.#log.warn(fields, message);
    else this.#log.info(fields, message);
  }

  #leaveOut(address: string): void {
    this.#untold += 1;
    if (this.#sums.take('all') !== undefined) return;
    const limits = `more than ${mostRefusalLines} a minute of one sender or ${mostOfAll} of all`;
    const what = `${counted(this.#untold, 'refusal')} without a line of their own: ${limits}`;
    this.#log.warn({ address }, what);
    this.#untold = 0;
  }
}
