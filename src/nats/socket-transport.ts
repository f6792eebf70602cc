/**
 * The connection below the library of NATS. Its own looks names up on a thread that waits, takes a
 * certificate for an address to be one for localhost, and has no limits (nats.md#the-library).
 */

import type { ConnectionOptions, Server, Transport } from '@nats-io/transport-node';
import { CourierError } from '../faults/errors.ts';
import { Dialled } from './dialling.ts';

/** Options of the library, and the socket that it is to use. */
export interface DialledOptions extends ConnectionOptions {
  readonly dialled: Dialled;
}

/** A server asks every two minutes whether we are there, and reads what we answer. */
const mostUnreadAnswers = 1000;

export class SocketTransport implements Transport {
  readonly lang = 'cmk-courier';
  readonly version: string;
  closeError?: Error;
  #dialled: Dialled | undefined;
  #isClosed = false;
  /** Questions whose answers have gone out. */
  #answeredPings = 0;
  readonly #arrived: Buffer[] = [];
  #arrival = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();

  constructor(version: string) {
    this.version = version;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async connect(_server: Server, options: ConnectionOptions): Promise<void> {
    const dialled: unknown = Reflect.get(options, 'dialled');
    if (!(dialled instanceof Dialled)) {
      throw new CourierError('INTERNAL', 'a connection to NATS without a socket');
    }
    this.#dialled = dialled;
    this.#arrived.push(...dialled.introduction);
    this.#listen(dialled);
  }

  #listen(dialled: Dialled): void {
    const { socket, filter } = dialled;
    socket.on('data', (piece: Buffer) => {
      try {
        this.#arrived.push(...filter.pass(piece));
        this.#requireReader(dialled);
        this.#arrival.resolve();
      } catch (error) {
        this.#end(error);
      }
    });
    socket.on('error', (error) => this.#end(error));
    for (const event of ['end', 'close']) socket.on(event, () => this.#end(undefined));
    if (socket.destroyed) this.#end(socket.errored);
    else socket.resume();
  }

  /** Answers nobody reads would fill the memory. @throws CourierError PEER */
  #requireReader({ socket, filter }: Dialled): void {
    if (socket.writableLength === 0) this.#answeredPings = filter.pings;
    if (filter.pings - this.#answeredPings <= mostUnreadAnswers) return;
    throw new CourierError('PEER', 'the server asks on and on whether we are there');
  }

  #end(reason: unknown): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (reason instanceof Error) this.closeError = reason;
    this.#dialled?.socket.destroy();
    this.#arrival.resolve();
    this.#closed.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    try {
      for (;;) {
        // What arrived before the end counts: it may say why.
        for (const piece of this.#arrived.splice(0)) yield piece;
        if (this.#arrived.length > 0) continue;
        if (this.#isClosed) return;
        await this.#arrival.promise;
        this.#arrival = Promise.withResolvers();
      }
    } finally {
      // The library reads no more after a message that it cannot make out.
      this.#end(new CourierError('PEER', 'the server sends a message that nobody can read'));
    }
  }

  isEncrypted(): boolean {
    return this.#dialled?.isEncrypted ?? false;
  }

  send(frame: Uint8Array): void {
    if (!this.#isClosed) this.#dialled?.socket.write(frame);
  }

  async close(error?: Error): Promise<void> {
    this.#end(error);
  }

  disconnect(): void {
    this.#end(undefined);
  }

  closed(): Promise<void> {
    return this.#closed.promise;
  }

  discard(): void {
    this.#end(undefined);
  }
}
