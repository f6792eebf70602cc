/**
 * A server of documents that a test sets, for tests of the page alone: as strict as the real one, but
 * nobody has to log in.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { DeltaEvent, GoneEvent } from '../../../src/status-page/events.ts';
import type { Document } from '../../../src/status-page/model.ts';
import { pages } from '../../../src/status-page/page/pages.ts';

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** What a view is answered with; undefined: there is no such host. */
export type Documents = (view: string) => Document | undefined;

interface Stream {
  readonly view: string;
  readonly response: ServerResponse;
}

export class PageServer {
  readonly basePath = '/mysite/courier/';
  /** Paths of the actions that were asked for. */
  readonly actions: string[] = [];
  /** What an action is answered with. */
  answer: { status: number; body: object } = { status: 202, body: { message: 'Asked for.' } };
  isLoggedIn = true;
  documents: Documents;
  #server: Server | undefined;
  #port = 0;
  readonly #streams = new Set<Stream>();

  constructor(documents: Documents) {
    this.documents = documents;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}${this.basePath}`;
  }

  /** Views that are streamed at the moment. */
  get streamed(): readonly string[] {
    return [...this.#streams].map(({ view }) => view);
  }

  /** Again on the port it had. */
  async start(): Promise<void> {
    const server = createServer((request, response) => this.#handle(request, response));
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address === 'object' && address !== null) this.#port = address.port;
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }

  /** To all who look at `view`. */
  send(view: string, event: 'delta' | 'gone', data: DeltaEvent | GoneEvent): void {
    for (const stream of this.#streams) {
      if (stream.view === view) {
        stream.response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
      }
    }
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, search, searchParams } = new URL(request.url ?? '/', 'http://page');
    const path = `/${pathname.slice(this.basePath.length)}`;
    response.setHeader('content-security-policy', policy);
    if (path.startsWith('/assets/')) this.#sendAsset(path.slice(8), response);
    else if (path === '/login') this.#sendLogin(searchParams.get('next') ?? '/', response);
    else if (request.method === 'POST') this.#act(path, response);
    else if (path === '/api/events') this.#stream(searchParams.get('view') ?? '/', response);
    else if (path.startsWith('/api/')) this.#sendDocument(`${path.slice(4)}${search}`, response);
    else this.#sendPage(`${path}${search}`, response);
  }

  #sendDocument(path: string, response: ServerResponse): void {
    const document = this.documents(path.replace(/^\/fleet/, '/'));
    if (!this.isLoggedIn) sendJson(response, 401, { message: 'log in first' });
    else if (document === undefined) sendJson(response, 404, { message: 'there is no such host' });
    else sendJson(response, 200, document);
  }

  #sendPage(view: string, response: ServerResponse): void {
    const document = this.documents(view);
    const { basePath } = this;
    response.setHeader('content-type', 'text/html; charset=utf-8');
    if (document === undefined) {
      response.statusCode = 404;
      response.end(pages.renderProblem(404, 'There is no such host.', { basePath }));
      return;
    }
    response.end(pages.render(document, { basePath, user: 'anna', canLogOut: true, view }));
  }

  #sendLogin(next: string, response: ServerResponse): void {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    const problem = next === '/wrong' ? 'This token is not the one.' : undefined;
    response.end(pages.renderLogin({ basePath: this.basePath, next, problem }));
  }

  #sendAsset(name: string, response: ServerResponse): void {
    const asset = pages.assets.find((one) => one.name === name);
    response.statusCode = asset === undefined ? 404 : 200;
    response.setHeader('content-type', asset?.type ?? 'text/plain');
    response.end(asset?.bytes);
  }

  #act(path: string, response: ServerResponse): void {
    this.actions.push(path);
    sendJson(response, this.answer.status, this.answer.body);
  }

  #stream(view: string, response: ServerResponse): void {
    const document = this.documents(view);
    if (!this.isLoggedIn || document === undefined) {
      sendJson(response, this.isLoggedIn ? 404 : 401, { message: 'there is no such view' });
      return;
    }
    response.setHeader('content-type', 'text/event-stream');
    response.write(`event: snapshot\ndata: ${JSON.stringify({ document })}\n\n`);
    const stream = { view, response };
    this.#streams.add(stream);
    response.on('close', () => this.#streams.delete(stream));
  }
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.end(JSON.stringify(body));
}
