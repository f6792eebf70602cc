/** The sections of the newest output in a spool, taken apart once for each output. */

import type { Clock } from '../../clock.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import type { Logger } from '../../logging/log.ts';
import type { HostName } from '../../names/host-name.ts';
import { readSpooled } from '../../spool/spool.ts';
import type { PartHost } from '../feed.ts';
import { describeOutput } from './output-parts.ts';

/** Hosts somebody looks at; what they show is kept for as long as nothing else takes its place. */
const mostKept = 32;
/** A spool is looked into for a host no more often than this. */
const againMs = 5000;

interface Kept {
  readonly parts: PartHost;
  readonly lookedMs: number;
}

export class SpooledParts {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #kept = new Map<HostName, Kept>();

  constructor(directory: string, clock: Clock, log: Logger) {
    this.#directory = directory;
    this.#clock = clock;
    this.#log = log;
  }

  /** Never rejects: what cannot be read is a remark. */
  async find(host: HostName): Promise<PartHost> {
    const nowMs = this.#clock.monotonic();
    const kept = this.#kept.get(host);
    if (kept !== undefined && nowMs - kept.lookedMs < againMs) return kept.parts;
    const parts = await this.#read(host);
    this.#kept.delete(host);
    this.#kept.set(host, { parts, lookedMs: nowMs });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > mostKept && oldest !== undefined) this.#kept.delete(oldest);
    return parts;
  }

  async #read(host: HostName): Promise<PartHost> {
    try {
      const context = { log: this.#log, clock: this.#clock };
      const found = await readSpooled(this.#directory, host, context);
      return found === undefined ? {} : describeOutput(found.output, host);
    } catch (thrown) {
      return { remarks: [asCourierError(thrown, 'looking into the spool').message] };
    }
  }
}
