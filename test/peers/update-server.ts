/**
 * An update server in this process that a client under test talks to, with a repository that the
 * test changes and faults that it injects. It speaks agent-updates.md by itself, with none of the
 * code of the real server, so that each of the two is held against the page.
 *
 *     const server = await startUpdateServer(t);
 *     server.repository.addRoot({ servers: [server.url] });
 *     server.repository.offer('web01', pack);
 *     server.fail('package', { kind: 'flip' });        // the next one; `times` for more
 *     const token = server.addToken('web01');          // or: server.secrets.set('web01', secret)
 */

import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { portOf } from '../helpers/free-port.ts';
import { SimulatedRepository } from './update-repository.ts';
import {
  answerWrong,
  sendFailure,
  sendWhole,
  type UpdateFault,
  type UpdatePath,
} from './update-server-faults.ts';

/** A request as it came. */
export interface UpdateRequest {
  readonly method: string;
  readonly path: string;
  readonly kind: UpdatePath | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Of the form, decoded. */
  readonly fields: Readonly<Record<string, string>>;
  /** Whether the MAC was right; undefined for a GET. */
  readonly isAuthentic: boolean | undefined;
}

interface Owner {
  after(cleanUp: () => Promise<void>): void;
}

interface StartOptions {
  /** For https; http without. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  readonly repository?: SimulatedRepository;
  /** Behind the port, such as `/mysite`. */
  readonly prefix?: string;
}

/** @param owner closes the server at its end */
export async function startUpdateServer(
  owner: Owner,
  { tls, repository = new SimulatedRepository(), prefix = '' }: StartOptions = {},
): Promise<UpdateServer> {
  const server = new UpdateServer(repository, prefix);
  await server.start(tls);
  owner.after(() => server.stop());
  return server;
}

interface Planned {
  readonly fault: UpdateFault;
  times: number;
}

export class UpdateServer {
  readonly repository: SimulatedRepository;
  /** All requests, the oldest first. */
  readonly requests: UpdateRequest[] = [];
  /** Secrets of registered hosts. */
  readonly secrets = new Map<string, string>();
  /** The next secret of a host, until it is used. */
  readonly pendingSecrets = new Map<string, string>();
  /** Tokens by host. */
  readonly tokens = new Map<string, string>();
  /** Highest request counter of each host. */
  readonly counters = new Map<string, string>();
  /** Hosts that are told to take another secret. */
  readonly rotating = new Set<string>();
  /** Called when a request has come, before it is answered: for kills at a certain moment. */
  onRequest: (request: UpdateRequest) => void = () => undefined;
  readonly #faults = new Map<UpdatePath, Planned[]>();
  readonly #prefix: string;
  #server: ReturnType<typeof createServer> | ReturnType<typeof createTlsServer> | undefined;
  #url = '';

  constructor(repository: SimulatedRepository, prefix: string) {
    this.repository = repository;
    this.#prefix = prefix;
  }

  /** The base URL. */
  get url(): string {
    return this.#url;
  }

  async start(tls: StartOptions['tls'], port = 0): Promise<void> {
    const listener: RequestListener = (request, response) => void this.#answer(request, response);
    const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
    const scheme = tls === undefined ? 'http' : 'https';
    this.#url = `${scheme}://127.0.0.1:${portOf(server.address())}${this.#prefix}`;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    if (this.#server?.listening) await new Promise((resolve) => this.#server?.close(resolve));
  }

  /** Spoils the next answers of a kind; several plans are carried out in order. */
  fail(kind: UpdatePath, fault: UpdateFault, times = 1): void {
    this.#faults.set(kind, [...(this.#faults.get(kind) ?? []), { fault, times }]);
  }

  /** Makes every answer right again. */
  mend(): void {
    this.#faults.clear();
  }

  /** A token for one registration. */
  addToken(host: string, token = randomBytes(32).toString('hex')): string {
    this.tokens.set(host, token);
    return token;
  }

  /** Makes a host known without a registration. */
  addHost(host: string, secret = randomBytes(32).toString('hex')): string {
    this.secrets.set(host, secret);
    return secret;
  }

  /** The kinds of all requests so far, such as `['root', 'check']`. */
  get kinds(): readonly (UpdatePath | undefined)[] {
    return this.requests.map(({ kind }) => kind);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readAll(request).catch(() => '');
    const path = (request.url ?? '').replace(this.#prefix, '');
    const [, kind, name = ''] =
      /^\/v1\/(root|check|target|package|report|register)(?:\/([0-9a-f]+))?$/.exec(path) ?? [];
    const fields = Object.fromEntries(new URLSearchParams(body.trimEnd()));
    const key = this.#keyFor(path, body, fields);
    const seen = {
      ...{ method: request.method ?? '', path, headers: request.headers, body, fields },
      kind: toKind(kind),
      isAuthentic: request.method === 'GET' ? undefined : key !== undefined,
    };
    this.requests.push(seen);
    this.onRequest(seen);
    if (response.destroyed) return;
    const right = this.#find(seen, name, key);
    const fault = seen.kind && this.#nextFault(seen.kind);
    if (fault !== undefined) answerWrong(response, bodyOf(right), fault);
    else if (typeof right === 'number') sendFailure(response, right);
    else sendWhole(response, right);
  }

  #nextFault(kind: UpdatePath): UpdateFault | undefined {
    const [plan] = this.#faults.get(kind) ?? [];
    if (plan === undefined) return undefined;
    plan.times -= 1;
    if (plan.times <= 0) this.#faults.get(kind)?.shift();
    return plan.fault;
  }

  /** The key that the MAC of a form was made with; undefined when it was made with none. */
  #keyFor(path: string, body: string, fields: Record<string, string>): string | undefined {
    const [, form = '', mac = ''] = /^(.*)&mac=([0-9a-f]{64})\n?$/.exec(body) ?? [];
    const host = fields['host'] ?? '';
    const candidates =
      fields['by'] === 'token'
        ? [this.tokens.get(host)]
        : [this.secrets.get(host), this.pendingSecrets.get(host)];
    const key = candidates.find((one) => one && hmac(one, `POST\n${path}\n${form}\n`) === mac);
    if (key !== undefined && key === this.pendingSecrets.get(host)) {
      this.secrets.set(host, key);
      this.pendingSecrets.delete(host);
    }
    return key;
  }

  /** The body of a right answer, or the status of a failure. */
  #find(request: UpdateRequest, name: string, key: string | undefined): Buffer | number {
    const { kind, method, fields } = request;
    if (kind === 'root') return this.repository.roots.get(Number(name)) ?? 404;
    if (kind === undefined) return 404;
    if (method !== 'POST') return 405;
    if (key === undefined) return 403;
    const { host = '', counter = '', nonce = '' } = fields;
    const highest = this.counters.get(host) ?? '';
    const isReplay = counter <= highest && fields['by'] !== 'token';
    if (!isReplay) this.counters.set(host, counter > highest ? counter : highest);
    const say = (word: string, serverNonce = '-') =>
      makeAnswer(key, [
        request.path,
        host,
        nonce,
        word,
        this.counters.get(host) ?? '',
        serverNonce,
      ]);
    if (kind === 'target' || kind === 'package') {
      return isReplay ? 403 : (this.repository.files.get(name) ?? 403);
    }
    if (isReplay) return say('counter');
    if (kind === 'report') return say('taken');
    if (kind === 'register') return this.#register(host, nonce, { key, say });
    return this.rotating.has(host) ? say('rotate-secret') : this.repository.stamp({ host, nonce });
  }

  #register(
    host: string,
    nonce: string,
    { key, say }: { readonly key: string; readonly say: (word: string, nonce: string) => Buffer },
  ): Buffer {
    const serverNonce = randomBytes(16).toString('hex');
    const secret = hmac(key, `courier-host-secret\n${host}\n${nonce}\n${serverNonce}\n`);
    if (key === this.tokens.get(host)) this.tokens.delete(host);
    this.pendingSecrets.set(host, secret);
    this.rotating.delete(host);
    return say('registered', serverNonce);
  }
}

const kinds = ['root', 'check', 'target', 'package', 'report', 'register'] as const;

function toKind(text: string | undefined): UpdatePath | undefined {
  return kinds.find((kind) => kind === text);
}

function bodyOf(right: Buffer | number): Buffer {
  return typeof right === 'number' ? Buffer.from(`refused with ${right} (REFUSED)\n`) : right;
}

/** An answer that is no signed document (agent-updates.md#answers). */
export function makeAnswer(
  key: string,
  [path, host, nonce, say, counter, serverNonce]: readonly string[],
): Buffer {
  const lines = [
    'format cmk-courier-answer/1',
    `path ${path}`,
    `host ${host}`,
    `nonce ${nonce}`,
    `say ${say}`,
    `counter ${counter}`,
    `server-nonce ${serverNonce}`,
  ].map((line) => `${line}\n`);
  const text = lines.join('');
  return Buffer.from(`${text}mac ${hmac(key, text)}\n`);
}

/** HMAC-SHA-256 with a text as key, in hexadecimal digits. */
export function hmac(key: string, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex');
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('latin1');
}
