/**
 * What arrives on a plain socket, without memory for each read: Node would take 64 kB for every one
 * of them, and clearing that away costs more than all that is done with the bytes.
 */

import type { OnReadOpts, Socket } from 'node:net';

/** Agent output mostly comes in one read. */
const readBytes = 128 * 1024;

/** Of all sockets: what is read into it is dealt with before anything else is read. */
let shared: Buffer | undefined;

export class Arrivals {
  #socket: Socket | undefined;
  /** A part of the shared buffer, while somebody is told that he may read it. */
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

  /** What has just arrived, once; it changes as soon as its reader returns. */
  take(): Buffer | undefined {
    const piece = this.#piece;
    this.#piece = undefined;
    return piece;
  }

  /** What nobody reads at once goes the usual way. @returns whether more may come */
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
