/**
 * Which output of a host counts: the newest produced, not the latest received. What comes from the
 * future is nobody's newest, or one wrong clock would keep right ones out until then.
 */

import { CourierError } from '../faults/errors.ts';
import { defaultMaxSkewMs, isFromFuture } from '../times/skew.ts';
import type { Header, NewOutput } from './record.ts';

/** What must be known of two outputs to say which is newer. */
export type Produced = Pick<Header, 'producedAt' | 'origin'>;

/** The present, as a clock here has it. */
export class Present {
  readonly #nowMs: number;
  readonly #maxSkewMs: number;

  /** @param maxSkewMs how much later output may say it was produced */
  constructor(nowMs: number, maxSkewMs: number = defaultMaxSkewMs) {
    this.#nowMs = nowMs;
    this.#maxSkewMs = maxSkewMs;
  }

  /** Whether output counts. */
  has({ producedAt }: Pick<Produced, 'producedAt'>): boolean {
    return !isFromFuture(producedAt, this.#nowMs, this.#maxSkewMs);
  }

  /**
   * Lets nothing into a spool that would count as absent there.
   *
   * @throws CourierError STALE
   */
  require({ host, producedAt }: NewOutput): void {
    if (this.has({ producedAt })) return;
    const aheadS = Math.ceil((producedAt.getTime() - this.#nowMs) / 1000);
    const allowedS = this.#maxSkewMs / 1000;
    const why = `is from ${aheadS}s in the future, allowed are ${allowedS}s`;
    throw new CourierError('STALE', `the output of ${host} ${why}`);
  }
}

/** Says that output was dropped for newer one, in a line of the log. */
export function describeOlder(
  { producedAt }: Pick<NewOutput, 'producedAt'>,
  newer: Produced,
): string {
  const [older, there] = [producedAt, newer.producedAt].map((time) => time.toISOString());
  return `older output dropped: produced ${older}, there is one of ${there} (${newer.origin})`;
}
