/** The connection of a dialogue: what is sent and comes, as bytes, whatever it travels through. */

import type { Socket } from 'node:net';
import type { Clock } from '../../clock.ts';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { startTimeLimit, withTimeLimit } from '../../system/time-limit.ts';
import { waitFor } from '../../system/waiting.ts';
import { openSocket, tooSlow } from '../../web/socket.ts';
import type { TlsSettings } from '../../web/tls.ts';
import { Telnet, toTelnet } from '../telnet/telnet.ts';
import type { DialoguePlace } from './place.ts';

export interface WireSettings {
  readonly connectTimeoutMs: number;
  /** For `tls:`. */
  readonly tls: (() => Promise<TlsSettings>) | undefined;
  readonly clock: Clock;
  readonly trace: (line: string) => void;
}

/** What a read found: bytes, nothing in that time, or the end. */
export type Heard = Buffer | 'quiet' | 'closed';

export class Wire {
  readonly #socket: Socket;
  readonly #telnet: Telnet | undefined;
  readonly #settings: WireSettings;
  readonly #shown: string;
  #isEnded = false;

  /**
   * Connects; when it rejects nothing is left open.
   *
   * @throws CourierError, the signal's reason included
   */
  static async open(
    place: DialoguePlace,
    settings: WireSettings,
    signal: AbortSignal,
  ): Promise<Wire> {
    const { host, port, way, shown } = place;
    const timeoutMs = settings.connectTimeoutMs;
    const limit = { timeoutMs, tooSlow: () => tooSlow(`connecting to ${shown}`, timeoutMs) };
    return withTimeLimit(limit, signal, async (limited) => {
      const tls = way === 'tls' ? await settings.tls?.() : undefined;
      const plain = await openSocket({ host, port, family: 0 }, limited);
      if (tls === undefined) return new Wire(plain, place, settings);
      try {
        const { startTls } = await import('../../web/tls.ts');
        const peer = { shown: `${host}:${port}`, host, isKnown: true };
        return new Wire(await startTls(plain, peer, tls, limited), place, settings);
      } catch (error) {
        plain.destroy();
        throw error;
      }
    });
  }

  private constructor(socket: Socket, { way, shown }: DialoguePlace, settings: WireSettings) {
    this.#socket = socket;
    this.#shown = shown;
    this.#settings = settings;
    this.#telnet = way === 'telnet' ? new Telnet() : undefined;
    socket.pause();
    socket.once('end', () => {
      this.#isEnded = true;
    });
  }

  /**
   * The next bytes of data. Commands of telnet are answered, and are none.
   *
   * @param waitMs for how long
   * @throws CourierError UNREACHABLE when the connection breaks; the signal's reason
   */
  async read(waitMs: number, signal: AbortSignal): Promise<Heard> {
    const { clock } = this.#settings;
    const quiet = new CourierError('TIMEOUT', 'quiet');
    const limit = startTimeLimit({ clock, timeoutMs: waitMs, tooSlow: () => quiet }, signal);
    try {
      for (;;) {
        const bytes = await this.#next(limit.signal);
        if (bytes === undefined) return 'closed';
        const data = this.#telnet === undefined ? bytes : await this.#unwrap(bytes, signal);
        if (data.length > 0) return data;
      }
    } catch (error) {
      if (error === quiet) return 'quiet';
      throw asCourierError(error, this.#shown);
    } finally {
      limit.stop();
    }
  }

  /** @throws CourierError UNREACHABLE when the peer does not take it; the signal's reason */
  async write(bytes: Buffer, signal: AbortSignal): Promise<void> {
    await this.#send(this.#telnet === undefined ? bytes : toTelnet(bytes), signal);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Undefined at the end. */
  async #next(signal: AbortSignal): Promise<Buffer | undefined> {
    for (;;) {
      const bytes: unknown = this.#socket.read();
      if (Buffer.isBuffer(bytes)) return bytes;
      if (this.#isEnded) return undefined;
      await waitFor<void>(this.#socket, signal, (resolve) => ({ readable: resolve, end: resolve }));
    }
  }

  async #unwrap(bytes: Buffer, signal: AbortSignal): Promise<Buffer> {
    const { data, reply, said } = this.#telnet?.receive(bytes) ?? {
      data: bytes,
      reply: bytes,
      said: [],
    };
    for (const one of said) this.#settings.trace(`telnet: ${one}`);
    if (reply.length > 0) await this.#send(reply, signal);
    return data;
  }

  /** A peer that does not read keeps nobody waiting: so little fits into the buffers of the system. */
  async #send(bytes: Buffer, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const written = Promise.withResolvers<void>();
    this.#socket.write(bytes, (error) => (error ? written.reject(error) : written.resolve()));
    const abort = () => written.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await written.promise;
    } catch (error) {
      throw asCourierError(error, this.#shown);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}
