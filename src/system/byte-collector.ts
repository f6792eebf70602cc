/** Bytes that arrive in pieces. */

const firstCapacity = 64 * 1024;

/** What a peer announces is believed so far before any of it is there. */
const mostExpected = 1024 * 1024;

/** The same once that has come, as a multiple of it. */
const mostTimesCome = 64;

/**
 * Puts pieces together in one growing buffer: a peer that sends every byte as a piece of its
 * own costs no more memory than one that does not.
 */
export class ByteCollector {
  #bytes = Buffer.alloc(0);
  #length = 0;
  #expected = 0;

  get length(): number {
    return this.#length;
  }

  /**
   * Makes room for what is announced, so that nothing has to be moved later: of much of it when
   * some has come. Memory that nobody has written to yet costs nothing.
   */
  expect(bytes: number): void {
    this.#expected = bytes;
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
    const isBelieved =
      needed >= mostExpected &&
      needed <= this.#expected &&
      this.#expected <= needed * mostTimesCome;
    const capacity = isBelieved
      ? this.#expected
      : Math.max(needed, this.#bytes.length * 2, firstCapacity);
    const larger = Buffer.allocUnsafe(capacity);
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
