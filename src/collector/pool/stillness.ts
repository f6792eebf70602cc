/** Notices that we have stood still, or the machine slept, and how old what arrives then may be. */

export class Stillness {
  readonly #gapMs: number;
  #lookedMs: number;
  #stoodMs = 0;

  /** @param gapMs whoever has not looked for so long has stood still */
  constructor(gapMs: number, nowMs: number) {
    this.#gapMs = gapMs;
    this.#lookedMs = nowMs;
  }

  /** @returns whether we have stood still since the last look; called several times a second */
  look(nowMs: number): boolean {
    const stood = !this.isAwake(nowMs);
    if (stood) this.#stoodMs = nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    return stood;
  }

  isAwake(nowMs: number): boolean {
    return nowMs - this.#lookedMs <= this.#gapMs;
  }

  /** How long what arrives now may have waited for us to go on. */
  waitedMs(nowMs: number): number {
    return this.isAwake(nowMs) ? this.#stoodMs : nowMs - this.#lookedMs;
  }

  /** What we have said since then has come back to us: so has all that was said before it. */
  caughtUp(): void {
    this.#stoodMs = 0;
  }
}
