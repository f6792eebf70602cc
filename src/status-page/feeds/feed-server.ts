/** Tells a page in another process of the same user what this one knows: JSON over a Unix socket. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Clock } from '../../clock.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { remove } from '../../files/file-calls.ts';
import type { Logger } from '../../logging/log.ts';
import { isHostName } from '../../names/host-name.ts';
import { onAbort } from '../../system/on-abort.ts';
import type { Feed } from '../feed.ts';
import { listenAtPath } from '../web/unix-listening.ts';

const retryMs = 30_000;
/** Pages that ask at the same time; each needs two. */
const mostConnections = 32;

export class FeedServer {
  readonly #feed: Feed;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  #told: string | undefined;

  constructor(feed: Feed, path: string, clock: Clock, log: Logger) {
    this.#feed = feed;
    this.#path = path;
    this.#clock = clock;
    this.#log = log;
  }

  /** Serves until the signal aborts. Never rejects: without it pages elsewhere say that it is absent. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const server = createServer(
        { requestTimeout: 5000, headersTimeout: 5000, connectionsCheckingInterval: 5000 },
        (request, response) => void this.#answer(request, response),
      );
      server.maxConnections = mostConnections;
      server.on('clientError', (_error, socket) => socket.destroy());
      try {
        await listenAtPath(server, this.#path);
        server.on('error', () => undefined);
        await new Promise<void>((resolve) => onAbort(signal, resolve));
        server.close();
        server.closeAllConnections();
        await remove(this.#path, { force: true }).catch(() => undefined);
      } catch (thrown) {
        server.close();
        this.#tell(asCourierError(thrown, `listening at ${this.#path}`).message);
        await this.#clock.sleep(retryMs, signal).catch(() => undefined);
      }
    }
  }

  #tell(message: string): void {
    if (this.#told !== message) this.#log.info({}, `status pages elsewhere cannot ask: ${message}`);
    this.#told = message;
  }

  /** Never rejects. */
  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const ended = new AbortController();
    response.on('error', () => undefined);
    response.once('close', () => ended.abort());
    request.resume();
    try {
      const [path = '', search = ''] = (request.url ?? '').split('?');
      await this.#send(path, new URLSearchParams(search), response, ended.signal);
    } catch (thrown) {
      if (response.headersSent) return void response.destroy();
      response.statusCode = 500;
      response.end(JSON.stringify({ message: asCourierError(thrown, 'answering').message }));
    }
  }

  async #send(
    path: string,
    search: URLSearchParams,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    const feed = this.#feed;
    const [, verb = '', name = ''] = path.split('/');
    if (verb === 'part') return end(response, await feed.part(signal));
    if (verb === 'panels') return end(response, await feed.panels(signal));
    if (verb === 'rows') return this.#stream(search.get('since') ?? undefined, response, signal);
    const host = decodeURIComponent(name);
    if (!isHostName(host)) return end(response, null, 404);
    if (verb === 'host') return end(response, (await feed.host(host, signal)) ?? null);
    if (verb === 'fetch') return end(response, (await feed.fetchNow?.(host, signal)) ?? false);
    end(response, null, 404);
  }

  /** A line a batch, no faster than they are read. */
  async #stream(
    since: string | undefined,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    for await (const batch of this.#feed.list(since, signal)) {
      if (signal.aborted) return;
      if (response.write(`${JSON.stringify(batch)}\n`)) continue;
      await new Promise<void>((resolve) => {
        response.once('drain', resolve);
        response.once('close', resolve);
      });
    }
    response.end();
  }
}

function end(response: ServerResponse, content: unknown, status = 200): void {
  response.statusCode = status;
  response.end(JSON.stringify(content));
}
