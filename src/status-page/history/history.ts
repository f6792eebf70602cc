/** What the status page shows of the last day, kept in memory and, across restarts, in one file. */

import { asCourierError } from '../../faults/system-errors.ts';
import type { Logger } from '../../logging/log.ts';
import { requireTrusted } from '../../system/trusted-path.ts';
import { type KeptHistory, readHistory, writeHistory } from './history-file.ts';
import { HostHistory, hostStepMs } from './host-history.ts';
import { minuteMs, SeriesHistory } from './series-history.ts';

const dayMs = 86_400_000;

export class History {
  readonly hosts: HostHistory;
  readonly series: SeriesHistory;
  readonly #path: string;
  readonly #log: Logger;
  #saving: Promise<void> | undefined;
  #isTroubled = false;

  private constructor(path: string, log: Logger, mostHosts?: number, kept?: KeptHistory) {
    this.#path = path;
    this.#log = log;
    this.hosts = new HostHistory(kept?.hosts, mostHosts);
    this.series = new SeriesHistory(kept?.series);
  }

  /** A file that cannot be read is told of, and the history begins anew. Never rejects. */
  static async load(path: string, log: Logger, mostHosts?: number): Promise<History> {
    try {
      await requireTrusted(path);
      const kept = await readHistory(path);
      const isUsable = kept !== undefined && isFitting(kept);
      return new History(path, log, mostHosts, isUsable ? kept : undefined);
    } catch (thrown) {
      const { code, message } = asCourierError(thrown, `reading ${path}`);
      log.warn({ code }, `the history of the status page begins anew: ${message}`);
      return new History(path, log, mostHosts);
    }
  }

  /** One at a time; told of when it begins to fail. Never rejects. */
  save(): Promise<void> {
    this.#saving ??= this.#write().finally(() => {
      this.#saving = undefined;
    });
    return this.#saving;
  }

  async #write(): Promise<void> {
    try {
      await writeHistory(this.#path, { hosts: this.hosts.toKept(), series: this.series.toKept() });
      this.#isTroubled = false;
    } catch (thrown) {
      const { code, message } = asCourierError(thrown, `writing ${this.#path}`);
      if (!this.#isTroubled) this.#log.warn({ code }, `the history is not kept: ${message}`);
      this.#isTroubled = true;
    }
  }
}

/** Another version of the program may have other steps. */
function isFitting({ hosts, series }: KeptHistory): boolean {
  const lengths = [...series.columns.values()].map(({ length }) => length);
  return (
    hosts.columns.length === dayMs / hostStepMs &&
    lengths.every((length) => length === dayMs / minuteMs)
  );
}
