/**
 * Reads from a plain socket into one shared buffer: Node would allocate 64 kB for each read, and
 * freeing that costs more than all other work on the bytes.
 */

import type { OnReadOpts, Socket } from 'node:net';

/** Agent output mostly comes in one read. */
const readBytes = 128 * 1024;

/** Shared by all sockets: its content is handled before anything else is read. */
let shared: Buffer | undefined;

export class Arrivals {
  #socket: Socket | undefined;
  /** The part of the shared buffer that may be read now, while readers are being told. */
  #piece: Buffer | undefined;

  /** For the `connect` of node:net. */
  get options(): OnReadOpts {
    shared ??= Buffer.allocUnsafeSlow(readBytes);
    const bytes = shared;
    return { buffer: bytes, callback: (length) => this.#arrive(bytes.subarray(0, length)) };
  }

  /** The socket, once it is connected. */
  set socket(socket: Socket) {
    this.#socket = socket;
  }

  /** The bytes that have just arrived, given once; they change as soon as the reader returns. */
  take(): Buffer | undefined {
    const piece = this.#piece;
    this.#piece = undefined;
    return piece;
  }

  /**
   * Bytes that are not read at once go to the socket in the usual way. @returns whether more may
   * come
   */
  #arrive(piece: Buffer): boolean {
    const socket = this.#socket;
    if (socket === undefined) return true;
    if (socket.readableLength === 0 && socket.listenerCount('readable') > 0) {
      this.#piece = piece;
      socket.emit('readable');
      if (this.take() === undefined) return true;
    }
    return socket.push(Buffer.from(piece));
  }
}
