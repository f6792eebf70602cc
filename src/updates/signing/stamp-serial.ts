/** Serials of stamps: milliseconds of the clock, and never lower than one that was given out. */

import { counterText } from '../documents/words.ts';
import { changeState } from '../repository/opening.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { readSmallFile, writeSmallFile } from '../repository/small-files.ts';

/** How far ahead of use serials are set aside, so that the disk is written to every ten minutes. */
const ahead = 600_000;

/**
 * Serials that go on rising when the clock is set back, and after a crash: what is on disk is a
 * number that none of them has reached.
 */
export class StampSerials {
  readonly #places: UpdatePlaces;
  #last = 0;
  #reserved = 0;
  #reserving: Promise<void> = Promise.resolve();

  constructor(places: UpdatePlaces) {
    this.#places = places;
  }

  /** @throws CourierError CONFIG when what is on disk is damaged; LOCAL when it cannot be written */
  async next(nowMs: number): Promise<number> {
    for (;;) {
      const next = Math.max(this.#last + 1, nowMs);
      if (next < this.#reserved) {
        this.#last = next;
        return next;
      }
      await this.#reserve(next);
    }
  }

  /** Whoever comes meanwhile waits for the same. */
  async #reserve(next: number): Promise<void> {
    const before = this.#reserving;
    const mine = before.catch(() => undefined).then(() => this.#write(next));
    this.#reserving = mine;
    await mine;
  }

  async #write(next: number): Promise<void> {
    if (next < this.#reserved) return;
    await changeState(this.#places, async () => {
      const there = await readSmallFile(this.#places.serial, (reader) =>
        Number(reader.take('serial', counterText)),
      );
      // Another process may have used what is below the one on disk.
      this.#last = Math.max(this.#last, there === this.#reserved ? 0 : (there ?? 0));
      const reserved = Math.max(next, this.#last) + ahead;
      await writeSmallFile(this.#places.serial, [['serial', String(reserved)]]);
      this.#reserved = reserved;
    });
  }
}
