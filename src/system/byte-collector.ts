/** Bytes that arrive in pieces. */

const firstCapacity = 64 * 1024;

/** What a peer announces is believed so far. */
const mostExpected = 1024 * 1024;

/**
 * Puts pieces together in one growing buffer: a peer that sends every byte as a piece of its
 * own costs no more memory than one that does not.
 */
export class ByteCollector {
  #bytes = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Makes room at once for what is announced: nothing has to be moved later. */
  expect(bytes: number): void {
    if (bytes > 0 && bytes <= mostExpected && this.#length === 0) {
      this.#bytes = Buffer.allocUnsafe(bytes);
    }
  }

  add(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (length > this.#bytes.length) this.#grow(length);
    piece.copy(this.#bytes, this.#length);
    this.#length = length;
  }

  /** All of them, in order. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2, firstCapacity));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
