/** Says in the log who asks in the pool, as it changes. */

import type { Logger } from '../../logging/log.ts';

export class MemberNews {
  readonly #log: Logger;
  #told: ReadonlySet<string> | undefined;
  #isCrowded = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** More members were heard than there may be; said once. */
  crowded(most: number): void {
    if (!this.#isCrowded) this.#log.warn({ most }, 'the pool has too many members');
    this.#isCrowded = true;
  }

  /** @param others names of those that ask beside us; called several times a second while we ask */
  look(others: readonly string[]): void {
    const before = this.#told;
    if (before?.size === others.length && others.every((name) => before.has(name))) return;
    const now = new Set(others);
    this.#told = now;
    if (before === undefined) {
      this.#log.info({ others: others.toSorted() }, 'asking our share of the hosts of the pool');
      return;
    }
    for (const member of [...before].filter((name) => !now.has(name))) {
      this.#log.warn({ member }, 'a member of the pool has gone; the others ask its hosts');
    }
    for (const member of others.filter((name) => !before.has(name))) {
      this.#log.info({ member }, 'a member of the pool asks its share of the hosts now');
    }
  }
}
