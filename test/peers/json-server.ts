/** A web server of one test that answers in JSON, counts and remembers, for stand-ins of products. */

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { portOf } from '../helpers/free-port.ts';

export interface Asked {
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  /** Sent as JSON; left out: no body. */
  readonly content?: unknown;
  /** In place of JSON. */
  readonly text?: string;
}

/** What a path answers in place of its own; `hang` never answers. */
export type Interference = Answer | 'hang';

export interface JsonServerSettings {
  readonly answer: (asked: Asked) => Answer;
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

export class JsonServer {
  /** `METHOD /path?query`, every request there was. */
  readonly asked: string[] = [];
  /** By path. */
  readonly interfere = new Map<string, Interference>();
  readonly #server: Server;

  constructor({ answer, tls }: JsonServerSettings) {
    this.#server = tls === undefined ? createServer() : createSecureServer({ ...tls });
    this.#server.on('request', async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const { method = '', url: target = '', headers } = request;
      this.asked.push(`${method} ${target}`);
      const url = new URL(target, 'http://peer');
      const path = decodeURIComponent(url.pathname);
      const asked = { method, path, query: url.searchParams, headers };
      const given =
        this.interfere.get(path) ?? answer({ ...asked, body: Buffer.concat(chunks).toString() });
      if (given === 'hang') return;
      const text = given.text ?? (given.content === undefined ? '' : JSON.stringify(given.content));
      const type = given.text === undefined ? 'application/json' : 'text/html';
      response.writeHead(given.status, { 'content-type': type }).end(text);
    });
  }

  get port(): number {
    return portOf(this.#server.address());
  }

  /** @param port 0: one that is free */
  async start(address = '127.0.0.1', port = 0): Promise<this> {
    this.#server.listen(port, address);
    await once(this.#server, 'listening');
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
