/** `/healthz` and `/metrics`, on an address of their own. */

import { createServer, type Server, type ServerResponse } from 'node:http';
import { listen } from './listening.ts';
import type { ListenAddress } from './options.ts';

export interface Status {
  /** Why the receiver cannot do its work; undefined when it can. */
  findTrouble(): string | undefined;
  toMetrics(): string;
}

export class StatusServer {
  readonly #server: Server;

  constructor(status: Status) {
    this.#server = createServer(
      { requestTimeout: 5000, headersTimeout: 5000 },
      (request, response) => {
        const [path] = (request.url ?? '').split('?');
        request.resume();
        if (path === '/metrics') return send(response, 200, status.toMetrics(), 'version=0.0.4; ');
        if (path !== '/healthz') return send(response, 404, 'there are /healthz and /metrics\n');
        const trouble = status.findTrouble();
        return send(response, trouble === undefined ? 200 : 503, `${trouble ?? 'ok'}\n`);
      },
    );
    this.#server.maxConnections = 64;
    // A connection that could not be taken is one question unanswered.
    this.#server.on('error', () => undefined);
  }

  /** @throws CourierError LOCAL */
  listen(at: ListenAddress): Promise<number> {
    return listen(this.#server, at);
  }

  close(): void {
    if (this.#server.listening) this.#server.close();
    this.#server.closeAllConnections();
  }
}

function send(response: ServerResponse, status: number, body: string, parameters = ''): void {
  response.writeHead(status, {
    'content-type': `text/plain; ${parameters}charset=utf-8`,
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
