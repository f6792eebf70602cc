/** A day in steps of one length: which step is now, and which are over. */

const dayMs = 86_400_000;

export class DayRing {
  readonly stepMs: number;
  /** How many steps there are. */
  readonly length: number;
  /** The newest step, counted from 1970; undefined before the first. */
  #newest: number | undefined;

  /** @param stepMs a part of a day */
  constructor(stepMs: number, newest?: number) {
    this.stepMs = stepMs;
    this.length = dayMs / stepMs;
    this.#newest = newest;
  }

  get newest(): number | undefined {
    return this.#newest;
  }

  /** When the oldest step began, in milliseconds since 1970. */
  get startMs(): number {
    return ((this.#newest ?? 0) - this.length + 1) * this.stepMs;
  }

  /** Places of all steps, the oldest first. */
  get places(): readonly number[] {
    const oldest = (this.#newest ?? 0) + 1;
    return Array.from({ length: this.length }, (_, index) => (oldest + index) % this.length);
  }

  /**
   * Goes on to a moment. A clock that is set back by less than a day writes into steps of before.
   *
   * @param clear called for the place of each step that begins now
   * @returns the place of the step
   */
  goTo(nowMs: number, clear: (place: number) => void): number {
    const step = Math.max(0, Math.floor(nowMs / this.stepMs));
    const newest = this.#newest ?? step - this.length;
    const isFarBack = step <= newest - this.length;
    const begun = isFarBack ? this.length : Math.min(step - newest, this.length);
    for (let back = 0; back < begun; back += 1) clear((step - back + this.length) % this.length);
    if (isFarBack || step > newest) this.#newest = step;
    return step % this.length;
  }
}
