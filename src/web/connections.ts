/**
 * All connections of one open transport. A connection is used again when its last response was
 * complete.
 */

import { CourierError } from '../faults/errors.ts';
import { mayBeRepeated } from './call.ts';
import { type ConnectSettings, openConnection } from './connecting.ts';
import type { Connection } from './connection.ts';
import type { HeaderLine } from './header-lines.ts';
import { showWebPlace } from './place.ts';
import type { Hop } from './redirects.ts';
import { toRequest } from './request.ts';
import { type Limits, ResponseReader, type WebResponse } from './response-reader.ts';

export interface ConnectionSettings extends ConnectSettings {
  readonly limits: Limits;
  readonly credentials: readonly HeaderLine[];
}

export class Connections {
  readonly #settings: ConnectionSettings;
  readonly #idle = new Map<string, Connection[]>();
  readonly #running = new Set<ResponseReader>();
  readonly #closing = new AbortController();

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
  }

  /**
   * Sends the request of one hop and waits for the answer, whatever its status.
   *
   * @throws CourierError, the signal's reason included
   */
  async ask(hop: Hop, signal: AbortSignal): Promise<WebResponse> {
    const { signal: closing } = this.#closing;
    const used = this.#takeIdle(keyOf(hop));
    if (used !== undefined) {
      const reader = this.#readerFor(hop);
      try {
        return await this.#askOver(used, hop, reader, signal);
      } catch (error) {
        // The peer may have closed an idle connection just as we used it again: RFC 9112 9.3.1.
        const isOver = signal.aborted || closing.aborted;
        const isOnce = reader.hasBegun || !mayBeRepeated(hop.call);
        if (isOnce || isOver || !isLost(error)) throw error;
      }
    }
    const until = AbortSignal.any([signal, closing]);
    const fresh = await openConnection(hop, this.#settings, until);
    return this.#askOver(fresh, hop, this.#readerFor(hop), signal);
  }

  /** Ends what runs. May be called twice; never rejects. */
  async close(): Promise<void> {
    const reason = new CourierError('INTERRUPTED', 'the transport was closed');
    this.#closing.abort(reason);
    for (const reader of this.#running) reader.fail(reason);
    const idle = [...this.#idle.values()].flat();
    this.#idle.clear();
    await Promise.all(idle.map((connection) => connection.close()));
  }

  #readerFor(hop: Hop): ResponseReader {
    return new ResponseReader(showWebPlace(hop.place), this.#settings.limits, hop.call);
  }

  async #askOver(
    connection: Connection,
    hop: Hop,
    reader: ResponseReader,
    signal: AbortSignal,
  ): Promise<WebResponse> {
    const { signal: closing } = this.#closing;
    if (closing.aborted) await connection.close();
    closing.throwIfAborted();
    const { url } = hop.place;
    const proxy = url.protocol === 'http:' ? this.#settings.chooseProxy(url) : undefined;
    const request = toRequest(hop, this.#settings.credentials, proxy);
    this.#running.add(reader);
    const response = await connection
      .ask(request, reader, signal)
      .finally(() => this.#running.delete(reader));
    if (response.isComplete && connection.isOpen && !closing.aborted) {
      const key = keyOf(hop);
      this.#idle.set(key, [...(this.#idle.get(key) ?? []), connection]);
    } else {
      await connection.close();
    }
    return response;
  }

  #takeIdle(key: string): Connection | undefined {
    const open = this.#idle.get(key)?.filter(({ isOpen }) => isOpen) ?? [];
    const taken = open.pop();
    this.#idle.set(key, open);
    return taken;
  }
}

function keyOf({ place, isKnown }: Hop): string {
  return `${place.socketPath ?? ''} ${place.url.origin} ${isKnown}`;
}

function isLost(error: unknown): boolean {
  return error instanceof CourierError && error.code === 'UNREACHABLE';
}
