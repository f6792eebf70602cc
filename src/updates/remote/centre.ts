/** The server that is asked for what is not here, within bounds of time, size and number. */

import { parseOptions } from '../../cli/options.ts';
import type { Clock } from '../../clock.ts';
import { CourierError } from '../../faults/errors.ts';
import { ByteCollector } from '../../system/byte-collector.ts';
import { withTimeLimit } from '../../system/time-limit.ts';
import { Turns } from '../../system/turns.ts';
import { openConnections } from '../../web/client.ts';
import type { Connections } from '../../web/connections.ts';
import { httpOptions } from '../../web/options.ts';
import { Availability } from './availability.ts';
import type { RemoteContext, RemoteSettings } from './settings.ts';

/** What is asked. */
export interface CentreCall {
  /** From `/v1/` on. */
  readonly path: string;
  /** A form as the host sent it; without one it is a GET. */
  readonly form?: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly mostBytes: number;
  /** Whether asking twice does no harm, when a connection was lost. */
  readonly isRepeatable?: boolean;
  /** For the whole answer. */
  readonly deadlineMs: number;
}

export interface CentreAnswer {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Of a 200 all of it. */
  readonly body: Buffer;
}

/** Requests at once; more wait for their turn. */
const mostAtOnce = 32;
/** Of what is waiting, so that a centre that hangs does not hold every host's request for ever. */
const mostWaiting = 2048;

/** What is to be told of it. */
export interface CentreCounts {
  calls: number;
  failures: number;
  bytes: number;
}

export class Centre {
  readonly counts: CentreCounts = { calls: 0, failures: 0, bytes: 0 };
  readonly #base: URL;
  readonly #connections: Connections;
  readonly #clock: Clock;
  readonly #availability: Availability;
  readonly #turns = new Turns(mostAtOnce);
  readonly #always = new AbortController();
  #pending = 0;

  private constructor(base: URL, connections: Connections, context: RemoteContext) {
    this.#base = base;
    this.#connections = connections;
    this.#clock = context.clock;
    this.#availability = new Availability(base.href, context);
  }

  /** @throws CourierError CONFIG, LOCAL or USAGE about a file */
  static async open(settings: RemoteSettings, context: RemoteContext): Promise<Centre> {
    const { updatesFrom, updatesFromCa, updatesFromProxy, updatesFromTimeout } = settings;
    const options = {
      ...parseOptions(httpOptions, {}),
      ca: updatesFromCa,
      proxy: updatesFromProxy,
      proxyPasswordFile: settings.updatesFromProxyPasswordFile,
      proxyPasswordId: settings.updatesFromProxyPasswordId,
      connectTimeout: updatesFromTimeout,
      headerTimeout: updatesFromTimeout,
    };
    const limits = { ...context, maxOutputBytes: Number.MAX_SAFE_INTEGER };
    const scheme = updatesFrom.protocol.slice(0, -1);
    const connections = await openConnections(scheme, options, [], limits);
    return new Centre(updatesFrom, connections, context);
  }

  /**
   * @throws CourierError TOO_LARGE; UNREACHABLE, TLS, TIMEOUT, PEER and the like when there is no
   * answer
   */
  async ask(call: CentreCall): Promise<CentreAnswer> {
    if (this.#pending >= mostWaiting) {
      throw new CourierError('TIMEOUT', 'too many requests wait for the centre already');
    }
    this.#pending += 1;
    try {
      return await this.#turns.take(() => this.#askTwice(call));
    } finally {
      this.#pending -= 1;
    }
  }

  /** Milliseconds since it last answered; undefined before it first has. */
  get silentMs(): number | undefined {
    return this.#availability.silentMs;
  }

  /** Ends what runs. */
  async close(): Promise<void> {
    this.#always.abort(new CourierError('INTERRUPTED', 'about to end'));
    await this.#connections.close();
  }

  async #askTwice(call: CentreCall): Promise<CentreAnswer> {
    const isLost = (error: unknown) =>
      error instanceof CourierError && error.code === 'UNREACHABLE';
    this.#availability.require();
    try {
      const answer = await this.#askOnce(call).catch((error: unknown) => {
        if (call.isRepeatable !== true || !isLost(error)) throw error;
        return this.#askOnce(call);
      });
      this.#availability.answered();
      return answer;
    } catch (error) {
      this.counts.failures += 1;
      this.#availability.failed(error);
      throw error;
    }
  }

  #askOnce({ path, form, headers = {}, mostBytes, deadlineMs }: CentreCall): Promise<CentreAnswer> {
    const place = { url: this.#urlOf(path), socketPath: undefined };
    const body = new ByteCollector();
    const call = {
      method: form === undefined ? 'GET' : 'POST',
      headers: Object.entries({ 'accept-encoding': 'identity', ...headers }).map(
        ([name, value]) => ({ name, value }),
      ),
      ...(form === undefined ? {} : { body: form }),
      wants: (status: number) => status === 200,
      take: (piece: Buffer) => {
        this.counts.bytes += piece.length;
        if (body.length + piece.length > mostBytes) {
          throw new CourierError('TOO_LARGE', `${place.url.href}: more than ${mostBytes} bytes`);
        }
        body.add(piece);
      },
    } as const;
    this.counts.calls += 1;
    const limit = {
      clock: this.#clock,
      timeoutMs: deadlineMs,
      tooSlow: `no whole answer from ${place.url.href}`,
    };
    return withTimeLimit(limit, this.#always.signal, async (signal) => {
      const hop = { place, isKnown: true, call };
      const { status, headers: all } = await this.#connections.ask(hop, signal);
      return { status, headers: all, body: body.bytes() };
    });
  }

  #urlOf(path: string): URL {
    const url = new URL(this.#base);
    url.pathname = `${url.pathname.replace(/\/$/, '')}${path}`;
    return url;
  }
}
