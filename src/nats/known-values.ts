/** What a writer remembers of the subjects it has written: enough for one request a write. */

import type { LastValue } from './newest-writer.ts';

/** Subjects a writer remembers; the one that was not written for longest is forgotten first. */
const mostSubjects = 200_000;

/** Two numbers a subject. */
interface Known {
  readonly sequence: number;
  readonly producedMs: number;
}

export class KnownValues {
  /** In the order of their last writes. */
  readonly #known = new Map<string, Known>();
  readonly #most: number;

  constructor(most: number = mostSubjects) {
    this.#most = most;
  }

  /** Without the digest: only the stream itself can say that it still holds a certain output. */
  find(subject: string): LastValue | undefined {
    const known = this.#known.get(subject);
    if (known === undefined) return undefined;
    const { sequence, producedMs } = known;
    return { sequence, producedAt: new Date(producedMs), digest: undefined };
  }

  note(subject: string, value: { readonly sequence: number; readonly producedAt: Date }): void {
    this.#known.delete(subject);
    this.#known.set(subject, {
      sequence: value.sequence,
      producedMs: value.producedAt.getTime(),
    });
    if (this.#known.size <= this.#most) return;
    const [longestAgo] = this.#known.keys();
    if (longestAgo !== undefined) this.#known.delete(longestAgo);
  }

  forget(subject: string): void {
    this.#known.delete(subject);
  }
}
