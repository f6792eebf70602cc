/**
 * What hangs on the collector beside the ready directory, such as the way to a receiver: told of the
 * end of each cycle, and never waited for.
 */

import type { FaultCode } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { Logger } from '../logging/log.ts';
import type { Metric } from '../metrics/metric.ts';
import type { HostName } from '../names/host-name.ts';
import type { CollectorStatus } from './status-shape.ts';

/** What is known of a host whose cycle has ended. */
export interface CycledHost {
  readonly host: HostName;
  readonly route: string;
  /** How often it is asked. */
  readonly everyMs: number;
  /** How old its output may be. */
  readonly maxAgeMs: number;
  /** Until when the next cycle has surely ended, from now. */
  readonly nextMs: number;
  /** How long this cycle has taken. */
  readonly durationMs: number;
}

/** A cycle that brought good output. */
export interface GoodCycle extends CycledHost {
  readonly kind: 'output';
  /**
   * All that the site is to get, in order, without our report. Lent: to be read or copied before
   * the call returns; later looks may find no bytes.
   */
  readonly parts: readonly Buffer[];
  readonly producedAt: Date;
  /** Transport and place. */
  readonly source: string;
  /** Rules it breaks without being refused, in words; empty when it breaks none. */
  readonly losses: string;
  /** What people call the key of its seal; undefined when it was not sealed or is sealed still. */
  readonly sealedBy: string | undefined;
  /** What came now, where it was sealed and has been opened here. Lent as well. */
  readonly drop: Drop | undefined;
  /** Whether it is of a former cycle, and newer than what came now. */
  readonly isFormer: boolean;
}

/** Sealed output as it came. */
export interface Drop {
  readonly bytes: Buffer;
  /** As the seal says. */
  readonly producedAt: Date;
}

/** A cycle in which every source failed. Old output may stand in; it is not told again. */
export interface FaultyCycle extends CycledHost {
  readonly kind: 'fault';
  readonly code: FaultCode;
  /** As on stderr. */
  readonly line: string;
}

export type CycleEnd = GoodCycle | FaultyCycle;

/** A part of the program that hears of cycles. */
export interface Outlet {
  /** For the log. */
  readonly name: string;
  /** Returns at once: what takes time is done later. */
  cycleEnded(end: CycleEnd): void;
  /** The host is no longer asked. */
  hostGone?(host: HostName): void;
  /** What it counts, for those who ask the collector. */
  toMetrics?(): readonly Metric[];
  /** Its part of the status of the collector. */
  toStatus?(): Partial<CollectorStatus>;
}

/** Tells all outlets; one that fails harms no other, and no cycle. */
export class Outlets {
  readonly #outlets: readonly Outlet[];
  readonly #log: Logger;

  constructor(outlets: readonly Outlet[], log: Logger) {
    this.#outlets = outlets;
    this.#log = log;
  }

  get isEmpty(): boolean {
    return this.#outlets.length === 0;
  }

  cycleEnded(end: CycleEnd): void {
    this.#tell((outlet) => outlet.cycleEnded(end));
  }

  hostGone(host: HostName): void {
    this.#tell((outlet) => outlet.hostGone?.(host));
  }

  toMetrics(): readonly Metric[] {
    return this.#outlets.flatMap((outlet) => outlet.toMetrics?.() ?? []);
  }

  toStatus(): Partial<CollectorStatus> {
    return Object.assign({}, ...this.#outlets.map((outlet) => outlet.toStatus?.() ?? {}));
  }

  #tell(call: (outlet: Outlet) => void): void {
    for (const outlet of this.#outlets) {
      try {
        call(outlet);
      } catch (thrown) {
        const { code, message } = asCourierError(thrown, `telling ${outlet.name} of a cycle`);
        this.#log.warn({ code }, message);
      }
    }
  }
}
