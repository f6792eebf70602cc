/**
 * A strict stand-in for ONTAP's REST API: it knows the paths and fields of each version, refuses
 * what the version does not have, filters, selects, cuts into pages, and counts what is asked.
 */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { portOf } from '../../helpers/free-port.ts';
import { takePage } from './pages.ts';
import {
  checkParameters,
  filter,
  type Json,
  type JsonObject,
  OntapError,
  readFields,
  select,
  valuesAt,
} from './query.ts';
import { clusterFields, type Resource, resources, toVersion, type Version } from './resources.ts';

/** What a path answers in place of its records. */
export interface Interference {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface OntapSettings {
  /** Records by path without `/api`; a path that is not in it is an empty collection. */
  readonly records: ReadonlyMap<string, readonly JsonObject[]>;
  readonly version?: string;
  readonly username?: string;
  readonly password?: string;
  /** The most records on one page. */
  readonly pageSize?: number;
  readonly tls?: { readonly cert: string; readonly key: string };
  /** How long it thinks before each answer, in milliseconds. */
  readonly delayMs?: number;
  /** Answers of single paths; `hang` never answers, `empty page` gives each page twice, first bare. */
  readonly interfere?: ReadonlyMap<string, Interference | 'hang' | 'empty page'>;
}

const unauthorized = new OntapError(401, '6691623', 'User is not authorized.');

export class FakeOntap {
  /** `/api/…` with its query, every request there was. */
  readonly asked: string[] = [];
  readonly userAgents = new Set<string>();
  connections = 0;
  /** How many requests were being answered at once, at most. */
  mostAtOnce = 0;
  #running = 0;
  #port = 0;
  readonly #settings: OntapSettings;
  readonly #version: Version;
  readonly #server: Server;
  readonly #bare = new Set<string>();

  constructor(settings: OntapSettings) {
    this.#settings = settings;
    this.#version = toVersion(settings.version ?? '9.15');
    const serve = (request: IncomingMessage, response: ServerResponse) =>
      void this.#serve(request, response);
    const { tls } = settings;
    this.#server = tls === undefined ? createServer(serve) : createSecureServer({ ...tls }, serve);
    this.#server.on(tls === undefined ? 'connection' : 'secureConnection', () => {
      this.connections += 1;
    });
  }

  /** `http://127.0.0.1:PORT`, once it listens. */
  get url(): string {
    const scheme = this.#settings.tls === undefined ? 'http' : 'https';
    return `${scheme}://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = portOf(this.#server.address());
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.asked.push(request.url ?? '');
    this.userAgents.add(request.headers['user-agent'] ?? '');
    this.#running += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#running);
    response.once('close', () => {
      this.#running -= 1;
    });
    if (this.#settings.delayMs !== undefined) await sleep(this.#settings.delayMs);
    try {
      this.#answer(request, response);
    } catch (error) {
      if (!(error instanceof OntapError)) throw error;
      send(response, error.status, error.content);
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', 'http://ontap');
    const path = decodeURIComponent(url.pathname.replace(/^\/api(?=\/)/, ''));
    this.#admit(request);
    if (!url.pathname.startsWith('/api/')) throw new OntapError(404, '3', 'API not found');
    if (request.method !== 'GET') throw new OntapError(405, '5', 'Method not allowed');
    const interference = this.#settings.interfere?.get(path);
    if (interference === 'hang') return;
    if (interference !== undefined && interference !== 'empty page') {
      const { status, body = '', headers = { 'content-type': 'text/html' } } = interference;
      response.writeHead(status, headers).end(body);
      return;
    }
    send(response, 200, this.#find(path, url.searchParams));
  }

  #admit({ headers }: IncomingMessage): void {
    const { username = 'monitor', password = 'secret' } = this.#settings;
    const expected = Buffer.from(`${username}:${password}`).toString('base64');
    if (headers.authorization !== `Basic ${expected}`) throw unauthorized;
  }

  #find(path: string, query: URLSearchParams): JsonObject {
    if (path === '/cluster') return this.#single({ ...clusterResource }, path, query, undefined);
    const own = resources.get(path);
    if (own !== undefined) return this.#collection(own, path, query);
    const [, parent = '', key = ''] = /^(.*)\/([^/]*)$/.exec(path) ?? [];
    const resource = resources.get(parent);
    if (resource?.single !== true) throw new OntapError(404, '3', 'API not found');
    return this.#single(resource, parent, query, key);
  }

  #single(
    resource: Resource,
    path: string,
    query: URLSearchParams,
    key: string | undefined,
  ): JsonObject {
    checkParameters(path, query, resource, this.#version);
    const fields = readFields(path, query, resource, this.#version);
    const last = resource.keys.at(-1) ?? '';
    const found = this.#recordsOf(path).find(
      (record) => key === undefined || valuesAt(record, last.split('.'))[0] === key,
    );
    if (found === undefined) throw new OntapError(404, '4', "entry doesn't exist", last);
    return toObject(select(found, fields));
  }

  #collection(resource: Resource, path: string, query: URLSearchParams): JsonObject {
    if (resource.since > this.#version) throw new OntapError(404, '3', 'API not found');
    checkParameters(path, query, resource, this.#version);
    const fields = readFields(path, query, resource, this.#version);
    const shown = this.#recordsOf(path).filter(({ is_hidden }) => is_hidden !== true);
    const isEmpty = this.#comesBare(path, query);
    const most = this.#settings.pageSize ?? 10_000;
    const page = takePage(path, filter(shown, query, path), query, { resource, most, isEmpty });
    const links = page.next === undefined ? {} : { next: { href: page.next } };
    return {
      records: page.records.map((record) => select(record, fields)),
      num_records: page.records.length,
      ...(page.next === undefined ? {} : { _links: links }),
    };
  }

  #recordsOf(path: string): readonly JsonObject[] {
    return this.#settings.records.get(path) ?? [];
  }

  /** Whether this page comes without records now; the next time it comes with them. */
  #comesBare(path: string, query: URLSearchParams): boolean {
    const page = `${path}?${query}`;
    if (this.#settings.interfere?.get(path) !== 'empty page' || this.#bare.has(page)) return false;
    this.#bare.add(page);
    return true;
  }
}

const clusterResource: Resource = {
  since: 908,
  keys: ['name', 'uuid'],
  fields: clusterFields,
  parameters: [],
  single: true,
};

function toObject(value: Json): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value));
}

function send(response: ServerResponse, status: number, content: JsonObject): void {
  const body = JSON.stringify(content);
  response
    .writeHead(status, {
      'content-type': 'application/hal+json',
      'content-length': Buffer.byteLength(body),
    })
    .end(body);
}
