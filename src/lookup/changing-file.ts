/** A small file of the system, read again when it changes. */

import { pathStatus, readWholeFile } from '../files/file-calls.ts';

/** How long what was read counts without a look. */
const trustedMs = 5000;

export class ChangingFile<Content> {
  readonly #path: string;
  readonly #parse: (text: string) => Content;
  #version = '';
  #content: Content;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> = Promise.resolve();

  /** A file that cannot be read says what one says that is empty, or what it said before. */
  constructor(path: string, parse: (text: string) => Content) {
    this.#path = path;
    this.#parse = parse;
    this.#content = parse('');
  }

  /**
   * What it says. Those who come while it is being read wait for it as well.
   *
   * @param nowMs by the monotonic clock
   */
  async read(nowMs: number): Promise<Content> {
    if (nowMs - this.#lookedAtMs >= trustedMs) {
      this.#lookedAtMs = nowMs;
      this.#looking = this.#look().catch(() => undefined);
    }
    await this.#looking;
    return this.#content;
  }

  async #look(): Promise<void> {
    const { mtimeMs, size, ino } = await pathStatus(this.#path);
    const version = `${mtimeMs} ${size} ${ino}`;
    if (version === this.#version) return;
    this.#content = this.#parse(await readWholeFile(this.#path, 'utf8'));
    this.#version = version;
  }
}
