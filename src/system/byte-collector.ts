/** Bytes that arrive in pieces. */

import { letGo } from './let-go.ts';

const firstCapacity = 64 * 1024;

/** The blocks that are added double up to here: so much more than the bytes is held at most. */
const largestBlock = 4 * 1024 * 1024;

/** What a peer announces is believed so far before any of it is there. */
const mostExpected = 1024 * 1024;

/** The same once that has come, as a multiple of it. */
const mostTimesCome = 64;

/**
 * Puts pieces together in blocks, and these in one buffer at the end, each block let go as soon as
 * it is copied: a peer that sends every byte as a piece of its own costs no more memory than one
 * that does not, and at no time are all bytes there twice.
 */
export class ByteCollector {
  /** Full. */
  readonly #blocks: Buffer[] = [];
  /** The one that is being filled. */
  #block = Buffer.alloc(0);
  #filled = 0;
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
      this.#block = Buffer.allocUnsafe(bytes);
    }
  }

  add(piece: Buffer): void {
    const length = this.#length + piece.length;
    const isBelieved =
      length >= mostExpected &&
      length <= this.#expected &&
      this.#expected <= length * mostTimesCome;
    const room = this.#block.length - this.#filled;
    if (piece.length > room && isBelieved) this.#join(this.#expected);
    this.#append(piece);
  }

  /** All of them, in order; nothing may be added afterwards. */
  bytes(): Buffer {
    if (this.#blocks.length > 0) this.#join(this.#length);
    return this.#block.subarray(0, this.#length);
  }

  #append(piece: Buffer): void {
    const copied = piece.copy(this.#block, this.#filled);
    this.#filled += copied;
    this.#length += copied;
    const rest = piece.subarray(copied);
    if (rest.length === 0) return;
    if (this.#filled > 0) this.#blocks.push(this.#block);
    const capacity = Math.min(Math.max(this.#block.length * 2, firstCapacity), largestBlock);
    this.#block = Buffer.allocUnsafe(Math.max(capacity, rest.length));
    this.#filled = rest.copy(this.#block);
    this.#length += rest.length;
  }

  /**
   * Moves all that is there into one block of so many bytes. The last goes first: the C library
   * gives back what is freed at the end of its heap.
   */
  #join(capacity: number): void {
    const joined = Buffer.allocUnsafe(capacity);
    let start = this.#length - this.#filled;
    this.#block.copy(joined, start, 0, this.#filled);
    letGo(this.#block);
    for (const block of this.#blocks.reverse()) {
      start -= block.length;
      block.copy(joined, start);
      letGo(block);
    }
    this.#blocks.length = 0;
    this.#block = joined;
    this.#filled = this.#length;
  }
}
