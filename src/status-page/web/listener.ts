/**
 * Where browsers connect. A port that is taken, a flood or a slow browser is the page's trouble
 * alone: it is told once, tried again, and touches nothing else.
 */

import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Clock } from '../../clock.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { remove } from '../../files/file-calls.ts';
import type { Logger } from '../../logging/log.ts';
import { listen } from '../../system/listening.ts';
import { onAbort } from '../../system/on-abort.ts';
import type { PageAddress, PageSettings } from '../options.ts';
import { PageCertificate } from './page-certificate.ts';
import { listenAtPath } from './unix-listening.ts';

export type Handle = (request: IncomingMessage, response: ServerResponse) => void;

const retryMs = 15_000;
/** Browsers open up to six connections, of which a live view keeps one. */
const mostConnections = 1024;
const stalledMs = 60_000;

const limits: ServerOptions = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 20_000,
  connectionsCheckingInterval: 2000,
};
/** Who connects and begins no TLS holds a connection no longer than this. */
const handshakeTimeout = 10_000;

export class Listener {
  readonly #settings: Pick<PageSettings, 'tls'> & { readonly at: PageAddress };
  readonly #handle: Handle;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #certificate: PageCertificate | undefined;
  #server: Server | undefined;
  #path: string | undefined;
  #told: string | undefined;

  constructor(
    settings: Pick<PageSettings, 'tls'> & { readonly at: PageAddress },
    handle: Handle,
    clock: Clock,
    log: Logger,
  ) {
    this.#settings = settings;
    this.#handle = handle;
    this.#clock = clock;
    this.#log = log;
    this.#certificate = settings.tls && new PageCertificate(settings.tls, clock, log);
  }

  /** Tries until it listens, or the signal aborts; then waits for its end. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (await this.#tryToListen()) break;
      await this.#clock.sleep(retryMs, signal).catch(() => undefined);
    }
    if (this.#certificate !== undefined) await this.#certificate.follow(signal);
    else if (!signal.aborted) await new Promise<void>((resolve) => onAbort(signal, resolve));
    await this.#close();
  }

  async #tryToListen(): Promise<boolean> {
    const { at } = this.#settings;
    let server: Server | undefined;
    try {
      server = await this.#makeServer();
      const where = await listenAt(server, at);
      this.#server = server;
      if (at.kind === 'unix') this.#path = at.path;
      // A connection that could not be taken is one look that fails.
      server.on('error', () => undefined);
      this.#log.info({ at: where }, 'the status page is there');
      return true;
    } catch (thrown) {
      server?.close();
      const { code, message } = asCourierError(thrown, 'listening for the status page');
      if (this.#told !== message) {
        this.#log.warn(
          { code },
          `no status page: ${message}; all else goes on, and it is tried again`,
        );
      }
      this.#told = message;
      return false;
    }
  }

  async #makeServer(): Promise<Server> {
    const server =
      this.#certificate === undefined
        ? createServer(limits, this.#handle)
        : await this.#certificate.serve((pair) =>
            createTlsServer({ ...limits, ...pair, handshakeTimeout }, this.#handle),
          );
    server.maxConnections = mostConnections;
    // Who asks and does not read keeps no connection; live views say something more often.
    server.setTimeout(stalledMs);
    server.on('clientError', (_error, socket) => socket.destroy());
    // A request to switch protocols, and a tunnel, are for nobody here.
    server.on('upgrade', (_request, socket) => socket.destroy());
    server.on('connect', (_request, socket) => socket.destroy());
    return server;
  }

  async #close(): Promise<void> {
    this.#server?.close();
    this.#server?.closeAllConnections();
    if (this.#path !== undefined) await remove(this.#path, { force: true }).catch(() => undefined);
  }
}

async function listenAt(server: Server, at: PageAddress): Promise<string> {
  if (at.kind === 'unix') {
    await listenAtPath(server, at.path);
    return at.path;
  }
  const port = await listen(server, at);
  return `${at.address}:${port}`;
}
