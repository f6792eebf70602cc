/**
 * Makes room in the spool for present hosts by removing what the collector kept of hosts that are
 * gone. What a receiver has put there is not ours to remove.
 */

import type { HostName } from '../names/host-name.ts';
import type { SpoolSummary } from '../spool/holdings.ts';
import { collectorOrigin } from '../spool/origins.ts';
import type { Spool } from '../spool/spool.ts';

/** A host that is gone may come back: its last output is kept for so long. */
const keptMs = 86_400_000;

export class SpoolRoom {
  readonly #spool: Pick<Spool, 'summaries' | 'remove'>;
  readonly #maxHosts: number;

  constructor(spool: Pick<Spool, 'summaries' | 'remove'>, maxHosts: number) {
    this.#spool = spool;
    this.#maxHosts = maxHosts;
  }

  /**
   * Removes output of hosts that have been gone for a day and, where the spool holds as many hosts
   * as it may, the oldest of those that are gone.
   *
   * @param isThere whether the collector asks a host
   * @param nowMs milliseconds since the epoch
   * @throws CourierError LOCAL
   */
  async tidy(isThere: (host: HostName) => boolean, nowMs: number): Promise<void> {
    const summaries = this.#spool.summaries();
    const gone = summaries
      .filter(({ host, origin }) => origin.startsWith(collectorOrigin) && !isThere(host))
      .sort((one, other) => one.receivedAt.getTime() - other.receivedAt.getTime());
    const tooMany = Math.max(0, summaries.length - this.#maxHosts + 1);
    const isOver = ({ receivedAt }: SpoolSummary) => nowMs - receivedAt.getTime() > keptMs;
    for (const [index, summary] of gone.entries()) {
      if (index < tooMany || isOver(summary)) await this.#spool.remove(summary.host);
    }
  }
}
