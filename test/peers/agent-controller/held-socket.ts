/** A connection whose server says nothing to the client's certificate until it is told what. */

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** How the random number of a HelloRetryRequest begins (RFC 8446, 4.1.3). */
const helloRetry = Buffer.from('cf21ad74e59a6111', 'hex');

/**
 * Stands between a TLS server and its socket. What the server says first passes; what it says once
 * the client has answered that is kept until release() lets it go, or refuse() puts something
 * else in its place.
 */
export class HeldSocket extends Duplex {
  readonly #socket: Socket;
  #hasAnswered = false;
  #held: Buffer[] | undefined;
  #isReleased = false;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    this.on('error', () => undefined);
    socket.on('data', (piece: Buffer) => {
      if (this.#hasAnswered && !this.#isReleased) this.#held ??= [];
      if (!this.push(piece)) socket.pause();
    });
    socket.once('end', () => this.push(null));
    socket.once('close', () => this.destroy());
  }

  release(): void {
    this.#isReleased = true;
    for (const piece of this.#held ?? []) this.#socket.write(piece);
    this.#held = undefined;
  }

  refuse(alert: Buffer): void {
    this.#held = [];
    this.#socket.end(alert);
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(piece: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) done();
    else if (this.#held === undefined) this.#pass(piece, done);
    else {
      this.#held.push(piece);
      done();
    }
  }

  #pass(piece: Buffer, done: () => void): void {
    if (!piece.includes(helloRetry)) this.#hasAnswered = true;
    this.#socket.write(piece, () => done());
  }

  override _final(done: () => void): void {
    this.#socket.end();
    done();
  }

  override _destroy(_error: Error | null, done: (error?: Error) => void): void {
    this.#socket.destroySoon();
    done();
  }
}
