/**
 * What another part of the program answers on the receiver's listener, within its limits, log and
 * metrics. The receiver knows the paths and no more; it is loaded with the first request for one.
 */

import { TLSSocket } from 'node:tls';
import type { Metric } from '../metrics/metric.ts';
import type { Answer, Exchange } from './exchange.ts';
import { addressOf } from './exchange.ts';
import { asRefusal, Refusal, storageRetryS } from './refusal.ts';
import type { Route } from './routes.ts';
import type { Services } from './services.ts';

const updateKinds = ['root', 'check', 'target', 'package', 'report', 'register'] as const;
export type UpdateKind = (typeof updateKinds)[number];

/** How a request came. `proxied`: from a proxy on this machine, which has the TLS. */
export type Way = 'tls' | 'proxied' | 'plain';

export interface UpdateRequest {
  readonly kind: UpdateKind;
  /** Behind the kind: a version or a digest; empty for the others. */
  readonly name: string;
  readonly way: Way;
}

/** Answers what hosts ask about agent updates (agent-updates.md). */
export interface UpdateAnswers {
  /** @throws Refusal, or a CourierError of what is on disk */
  answer(request: UpdateRequest, exchange: Exchange): Promise<Answer>;
  /** Lines of /metrics. */
  toMetrics(): readonly Metric[];
  /** Lets go of connections of its own; never rejects. */
  close?(): Promise<void>;
}

/** Resolves with undefined where there are no updates. */
export type LoadUpdates = (services: Services) => Promise<UpdateAnswers | undefined>;

/** Keeps what was loaded; asks again while there is nothing. */
export class UpdateExtension {
  readonly #load: LoadUpdates;
  #loading: Promise<UpdateAnswers | undefined> | undefined;
  #loaded: UpdateAnswers | undefined;

  constructor(load: LoadUpdates) {
    this.#load = load;
  }

  get loaded(): UpdateAnswers | undefined {
    return this.#loaded;
  }

  /** Several requests at once load it once. */
  async find(services: Services): Promise<UpdateAnswers | undefined> {
    if (this.#loaded !== undefined) return this.#loaded;
    this.#loading ??= this.#load(services).finally(() => {
      this.#loading = undefined;
    });
    this.#loaded = await this.#loading;
    return this.#loaded;
  }
}

/** Sockets of the listener without TLS that hosts may use for updates. */
const plainSockets = new WeakSet<object>();

export function markPlain(socket: object): void {
  plainSockets.add(socket);
}

export function isMarkedPlain(socket: object): boolean {
  return plainSockets.has(socket);
}

/**
 * @throws Refusal 426 without TLS, but for a proxy on this machine and the listener that is there
 * for hosts without
 */
function wayOf({ request }: Exchange): Way {
  if (request.socket instanceof TLSSocket) return 'tls';
  if (plainSockets.has(request.socket)) return 'plain';
  const address = addressOf(request);
  if (address === '::1' || address.startsWith('127.')) return 'proxied';
  throw new Refusal('needs-tls', 'only over HTTPS');
}

/** The paths of agent updates, with and without the site in front. */
export function listUpdateRoutes(site: string): readonly Route[] {
  return updateKinds.flatMap((kind) => {
    const path = kind === 'root' ? '/v1/root/:name' : `/v1/${kind}`;
    const whole = kind === 'target' || kind === 'package' ? `${path}/:name` : path;
    const route = {
      methods: [kind === 'root' ? 'GET' : 'POST'],
      style: 'line',
      isRoutine: kind !== 'package' && kind !== 'register',
      // Nothing in them is secret; who may ask without TLS is decided here.
      isPublic: true,
      isUpdate: true,
      handle: (exchange: Exchange, services: Services) => answer(kind, exchange, services),
    } as const;
    return [
      { path: whole, ...route },
      { path: `/${site}${whole}`, ...route },
    ];
  });
}

/** What is wrong here is told in our log; a host is told when to come again. */
function toUpdateRefusal(error: unknown): Refusal {
  const refusal = asRefusal(error);
  if (refusal.reason !== 'storage') return refusal;
  const { retryAfterS = storageRetryS } = refusal;
  const message = 'updates cannot be answered at the moment';
  return new Refusal('storage', message, { cause: error, retryAfterS });
}

async function answer(kind: UpdateKind, exchange: Exchange, services: Services): Promise<Answer> {
  const way = wayOf(exchange);
  try {
    const answers = await services.updates?.find(services);
    if (answers === undefined) throw new Refusal('not-found', 'there are no agent updates here');
    return await answers.answer({ kind, name: exchange.params['name'] ?? '', way }, exchange);
  } catch (error) {
    throw toUpdateRefusal(error);
  }
}
