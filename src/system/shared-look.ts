/** One look for all who ask at about the same time, which still is not older than any question. */

/**
 * Shares what `look` finds. Who asks while a look is under way may have asked after it saw what it
 * saw, so all of them get the next one, which begins when that one has ended.
 */
export class SharedLook<Found> {
  readonly #look: () => Promise<Found>;
  #running: Promise<Found> | undefined;
  #next: Promise<Found> | undefined;

  constructor(look: () => Promise<Found>) {
    this.#look = look;
  }

  /** Resolves, or rejects, with what a look finds that begins now or later. */
  ask(): Promise<Found> {
    if (this.#running === undefined) return this.#begin();
    this.#next ??= this.#running.then(
      () => this.#begin(),
      () => this.#begin(),
    );
    return this.#next;
  }

  #begin(): Promise<Found> {
    const running = this.#look();
    this.#running = running;
    this.#next = undefined;
    const end = () => {
      if (this.#running === running) this.#running = undefined;
    };
    running.then(end, end);
    return running;
  }
}
