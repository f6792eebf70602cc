/** A connection to a peer: one request at a time. */

import type { Socket } from 'node:net';
import type { Client, Dispatcher } from 'undici';
import { CourierError } from '../faults/errors.ts';
import { errorCode } from '../faults/system-errors.ts';
import { onAbort } from '../system/on-abort.ts';
import type { Arrivals } from './arrivals.ts';
import { asHttpFault, isBadResponse, isLoss } from './http-errors.ts';
import { parserOver } from './parser.ts';
import { RepeatedLengths } from './repeated-lengths.ts';
import type { ResponseReader, WebResponse } from './response-reader.ts';

/** What is special about a socket. */
interface SocketTraits {
  /** Where its bytes arrive, if not in the socket itself. */
  readonly arrivals?: Arrivals | undefined;
  /** Whether the peer asked for a certificate, and may still refuse ours. */
  readonly wantsCertificate?: boolean;
}

export class Connection {
  readonly #socket: Socket;
  readonly #client: Client;
  readonly #wantsCertificate: boolean;
  readonly #lengths = new RepeatedLengths();
  #wasHeard = false;
  #hasSurplus = false;

  /** Takes over a connected socket. */
  static async over(socket: Socket, traits: SocketTraits): Promise<Connection> {
    return new Connection(socket, await parserOver(socket, 'http://peer'), traits);
  }

  private constructor(socket: Socket, client: Client, traits: SocketTraits) {
    this.#socket = socket;
    this.#client = client;
    this.#wantsCertificate = traits.wantsCertificate ?? false;
    // undici puts back bytes that follow the last response of a connection; empty lines are
    // harmless.
    socket.unshift = (rest: Buffer) => {
      this.#hasSurplus ||= rest.some((byte) => byte !== 0x0d && byte !== 0x0a);
    };
    filterReads(socket, this.#lengths, traits.arrivals);
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  /**
   * Sends a request and waits for the whole answer. After a rejection the connection is gone.
   *
   * @throws CourierError, the signal's reason included
   */
  async ask(
    request: Dispatcher.DispatchOptions,
    reader: ResponseReader,
    signal: AbortSignal,
  ): Promise<WebResponse> {
    const abort = () => reader.fail(signal.reason);
    const leave = onAbort(signal, abort);
    this.#lengths.restart();
    try {
      if (signal.aborted) abort();
      else this.#client.dispatch(request, reader);
      const response = await reader.response;
      this.#checkEnd(response, reader);
      this.#wasHeard = true;
      return response;
    } catch (error) {
      await this.close();
      throw this.#isLateRefusal(error, reader) ? refusedLate(error, reader.place) : error;
    } finally {
      leave();
    }
  }

  /** May be called twice; never rejects. */
  async close(): Promise<void> {
    await this.#client.destroy(null).catch(() => undefined);
    this.#socket.destroy();
  }

  /** Bytes after the end of a response are reported by undici on the socket, not on the request. */
  #checkEnd(response: WebResponse, { place, wants }: ResponseReader): void {
    if (!wants(response.status)) return;
    const error = this.#socket.errored;
    if (this.#hasSurplus || isBadResponse(error)) {
      throw new CourierError('PEER', `${place}: the peer sent more bytes than it announced`);
    }
    // undici takes a reset for the end of a body that has no length.
    if (response.endsByClose && errorCode(error) === 'ECONNRESET') {
      throw asHttpFault(error, place, {
        receivedBytes: response.body.length,
        announcedBytes: undefined,
      });
    }
  }

  #isLateRefusal(error: unknown, reader: ResponseReader): boolean {
    if (!this.#wantsCertificate || this.#wasHeard || reader.hasBegun) return false;
    return error instanceof CourierError && error.code === 'UNREACHABLE' && isLoss(error.cause);
  }
}

/** What undici reads from a socket goes through the filter first. */
function filterReads(socket: Socket, lengths: RepeatedLengths, arrivals?: Arrivals): void {
  const read = socket.read.bind(socket);
  socket.read = (size?: number) => {
    for (;;) {
      const arrived = arrivals?.take();
      const piece: unknown = arrived ?? read(size);
      if (!Buffer.isBuffer(piece)) return piece;
      const filtered = lengths.filter(piece);
      if (filtered.length === 0) continue;
      // undici keeps parts of a head that is not complete; of a body, nothing.
      return arrived === undefined || lengths.areKnown ? filtered : Buffer.from(filtered);
    }
  };
}

function refusedLate(error: unknown, place: string): CourierError {
  return new CourierError(
    'REFUSED',
    `${place}: the peer asked for a client certificate, then closed the connection`,
    { cause: error },
  );
}
