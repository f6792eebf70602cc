/** `/healthz` and `/metrics`, on an address of their own. */

import { createServer, type Server, type ServerResponse } from 'node:http';
import type { ListenAddress } from '../cli/listen-address.ts';
import { listen } from '../system/listening.ts';
import type { Metric } from './metric.ts';
import { chooseFormat, toText } from './text.ts';

const plainText = 'text/plain; charset=utf-8';

/** What a service tells of itself. */
export interface Measured {
  /** In front of the name of each metric. */
  readonly prefix: string;
  /** Why the service cannot do its work; undefined when it can. */
  findTrouble(): string | undefined;
  toMetrics(): readonly Metric[];
}

export class MetricsServer {
  readonly #server: Server;

  constructor(measured: Measured) {
    this.#server = createServer(
      { requestTimeout: 5000, headersTimeout: 5000 },
      (request, response) => {
        const [path] = (request.url ?? '').split('?');
        request.resume();
        if (path === '/metrics') return sendMetrics(response, measured, request.headers.accept);
        if (path !== '/healthz') return send(response, 404, 'there are /healthz and /metrics\n');
        const trouble = measured.findTrouble();
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

function sendMetrics(response: ServerResponse, measured: Measured, accept?: string): void {
  const format = chooseFormat(accept);
  const text = toText(measured.prefix, measured.toMetrics(), format);
  send(response, 200, text, format.contentType);
}

function send(response: ServerResponse, status: number, body: string, type = plainText): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
