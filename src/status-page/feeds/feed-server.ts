/** Tells a page in another process of the same user what this one knows: JSON over a Unix socket. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { asCourierError } from '../../faults/system-errors.ts';
import { isHostName } from '../../names/host-name.ts';
import type { Feed } from '../feed.ts';

export class FeedServer {
  readonly #feed: Feed;
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  constructor(feed: Feed) {
    this.#feed = feed;
    this.#server.on('clientError', (_error, socket) => socket.destroy());
  }

  /** Answers at a connection; who has accepted it watches over it. */
  readonly accept = (socket: Socket): void => {
    this.#server.emit('connection', socket);
  };

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
    if (verb === 'left') return end(response, (await feed.whyLeft?.(host, signal)) ?? null);
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
