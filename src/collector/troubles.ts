/** What is wrong with the collector itself, for the log and for its status. */

import type { CourierError } from '../faults/errors.ts';
import type { Logger } from '../logging/log.ts';

/** The kinds of trouble, of each at most one at a time, and the words that introduce it. */
const introductions = {
  routes: 'not reloaded, the routes in force stay: ',
  hosts: 'the hosts stay as they are: ',
  laying: '',
  removing: '',
  sweeping: '',
  answering: '',
  tidying: '',
  keeping: 'output is not kept: ',
} as const;

export type Trouble = keyof typeof introductions;

export class Troubles {
  readonly #log: Logger;
  readonly #faults = new Map<Trouble, CourierError>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Notes a trouble, which is logged when it begins and not again; undefined when it is over. */
  note(kind: Trouble, fault: CourierError | undefined): void {
    if (fault === undefined) {
      this.#faults.delete(kind);
      return;
    }
    if (!this.#faults.has(kind)) {
      this.#log.warn({ code: fault.code }, `${introductions[kind]}${fault.message}`);
    }
    this.#faults.set(kind, fault);
  }

  /** Kinds of which something is wrong now. */
  get lasting(): readonly Trouble[] {
    return [...this.#faults.keys()];
  }

  /** The first of these kinds that is wrong now; without kinds, of all. */
  find(...kinds: readonly Trouble[]): string | undefined {
    const among = kinds.length === 0 ? this.lasting : kinds;
    const fault = among.map((kind) => this.#faults.get(kind)).find((one) => one !== undefined);
    return fault?.message;
  }
}
