/** The newest report of courier-doctor of each host. One file a host. */

import { join } from 'node:path';
import { z } from 'zod';
import { hostReport } from '../../doctor/report/host-report.ts';
import type { Logger } from '../../logging/log.ts';
import { Records } from './records.ts';

const keptSchema = z.object({
  host: z.string(),
  /** By our clock; that of the host may be what is wrong. */
  receivedAt: z.string(),
  /** Who sent it, such as `certificate <uuid>`. */
  receivedBy: z.string(),
  report: hostReport,
});

export type KeptReport = z.infer<typeof keptSchema>;

const dayMs = 86_400_000;
/** Nobody looks for today's cause in an older one. */
const keptDays = 30;

export class Reports {
  readonly #records: Records<KeptReport>;

  private constructor(directory: string) {
    this.#records = new Records(join(directory, 'doctor'), keptSchema);
  }

  /**
   * @param directory the state of the receiver
   * @param log of the receiver, which tidies up
   */
  static async open(directory: string, log?: Logger): Promise<Reports> {
    const reports = new Reports(directory);
    await reports.#records.prepare(log);
    return reports;
  }

  /** For who only looks: makes no directory. */
  static lookInto(directory: string): Reports {
    return new Reports(directory);
  }

  /** Keeps a report in the place of the one before. */
  async keep(report: KeptReport): Promise<void> {
    await this.#records.write(report.host, report);
  }

  /** @throws CourierError CONFIG when the file is damaged; LOCAL */
  read(host: string): Promise<KeptReport | undefined> {
    return this.#records.read(host);
  }

  /** Removes those that are too old to tell anything. */
  async prune(now: number): Promise<void> {
    for (const { host, receivedAt } of await this.#records.list()) {
      if (now - Date.parse(receivedAt) > keptDays * dayMs) await this.#records.remove(host);
    }
  }
}
