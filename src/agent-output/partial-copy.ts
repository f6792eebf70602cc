/** A copy of ranges of a buffer; the buffer itself when that is all of it. */
export class PartialCopy {
  readonly #source: Buffer;
  readonly #pieces: Buffer[] = [];
  /** Where the range begins that is being kept, if one is. */
  #from: number | undefined = 0;

  constructor(source: Buffer) {
    this.#source = source;
  }

  /** Keeps what follows `offset`; offsets never go back. */
  keep(offset: number): void {
    this.#from ??= offset;
  }

  leaveOut(offset: number): void {
    if (this.#from !== undefined) this.#pieces.push(this.#source.subarray(this.#from, offset));
    this.#from = undefined;
  }

  /** Puts other bytes in front of what follows `offset`, and keeps that. */
  insert(bytes: Buffer, offset: number): void {
    this.leaveOut(offset);
    this.#pieces.push(bytes);
    this.keep(offset);
  }

  finish(): Buffer {
    if (this.#from === 0) return this.#source;
    this.leaveOut(this.#source.length);
    return Buffer.concat(this.#pieces);
  }
}
