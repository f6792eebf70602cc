/** The REST API of a site: one request at a time, each bounded, every refusal a fault in words. */

import type { Dispatcher } from 'undici';
import { parseOptions } from '../../cli/options.ts';
import type { Clock } from '../../clock.ts';
import { CourierError } from '../../faults/errors.ts';
import type { SecretContext } from '../../secrets/secrets.ts';
import { withTimeLimit } from '../../system/time-limit.ts';
import { defaultMaxSkewMs } from '../../times/skew.ts';
import { openConnection } from '../../web/connecting.ts';
import { httpOptions } from '../../web/options.ts';
import { parseWebPlace } from '../../web/place.ts';
import { ResponseReader, type WebResponse } from '../../web/response-reader.ts';
import type { TlsSettings } from '../../web/tls.ts';
import { toRefusal } from './refusals.ts';
import type { SiteAccess } from './site-options.ts';

export interface RestRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the base, with what has to be encoded in it encoded: `/objects/rule/1f97…`. */
  readonly path: string;
  /** For the error, such as `making the rule`. */
  readonly doing: string;
  readonly body?: object;
  /** The state that is to be changed, as the site named it; `*` for any. */
  readonly ifMatch?: string;
}

export interface RestAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** Undefined where the answer is no JSON. */
  readonly content: unknown;
  /** The beginning of it, for explaining. */
  readonly text: string;
}

/** What an API takes of its surroundings. */
export interface RestContext extends SecretContext {
  readonly clock: Clock;
  readonly shutdown: AbortSignal;
}

/** A site may think for long about a change, and a long list of rules has some megabytes. */
const limits = { headerTimeoutMs: 90_000, idleTimeoutMs: 30_000, maxOutputBytes: 64 * 1024 ** 2 };
const connectTimeoutMs = 10_000;

/** For a request as a whole: pieces that keep dripping in are never idle. */
const longestRequestMs = 300_000;

export class RestApi {
  readonly user: string;
  readonly #access: SiteAccess;
  readonly #context: RestContext;
  #tls: Promise<TlsSettings> | undefined;
  readonly #timeoutMs: number;
  /** As the last answer told it, such as `2.4.0p14`. */
  #version = '';

  constructor(access: SiteAccess, context: RestContext, timeoutMs = longestRequestMs) {
    this.#timeoutMs = timeoutMs;
    this.user = access.user;
    this.#access = access;
    this.#context = context;
    const { hostname, protocol } = new URL(access.base);
    if (protocol === 'http:' && !/^(localhost|127\..*|\[::1\])$/.test(hostname)) {
      context.log.warn({}, 'the automation secret travels unencrypted over http:');
    }
  }

  /**
   * Asks, and takes nothing but a success.
   *
   * @throws CourierError REFUSED, PEER or USAGE for what the site refuses; faults of the connection;
   * the signal's reason
   */
  async ask(request: RestRequest): Promise<RestAnswer> {
    const answer = await this.tryToAsk(request);
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw this.refuse(answer, request.doing);
  }

  /** The fault that an answer other than a success stands for. */
  refuse(answer: RestAnswer, doing: string): CourierError {
    return toRefusal(answer, { ...this.#access, doing });
  }

  /** The same with every answer there may be, for who knows what to make of some. */
  async tryToAsk(request: RestRequest): Promise<RestAnswer> {
    const limit = {
      timeoutMs: this.#timeoutMs,
      tooSlow: `${request.doing}: no whole answer from ${this.#access.base}`,
    };
    return withTimeLimit(limit, this.#context.shutdown, (signal) => this.#ask(request, signal));
  }

  async #ask(request: RestRequest, signal: AbortSignal): Promise<RestAnswer> {
    const { base } = this.#access;
    const place = parseWebPlace(`${base}${request.path}`);
    const { log } = this.#context;
    const settings = {
      connectTimeoutMs,
      family: 0,
      chooseProxy: () => undefined,
      tls: () => this.#loadTls(),
    } as const;
    log.debug({ method: request.method, url: place.url.href }, 'asking the site');
    const connection = await openConnection({ place, isKnown: true }, settings, signal);
    try {
      const reader = new ResponseReader(`${request.doing}: ${base}`, limits);
      const options = this.#toOptions(request, place.url);
      const answer = toAnswer(await connection.ask(options, reader, signal), request);
      this.#version = answer.headers.get('x-checkmk-version') ?? this.#version;
      return answer;
    } finally {
      await connection.close();
    }
  }

  /** Whether the site told that it is of this version or a later one. */
  isAtLeast(major: number, minor: number): boolean {
    const [, told = '0', toldMinor = '0'] = /^(\d+)\.(\d+)/.exec(this.#version) ?? [];
    return Number(told) > major || (Number(told) === major && Number(toldMinor) >= minor);
  }

  #toOptions({ method, body, ifMatch }: RestRequest, url: URL): Dispatcher.DispatchOptions {
    const { user, secret } = this.#access;
    const headers = {
      host: url.host,
      'user-agent': 'cmk-courier',
      accept: 'application/json',
      authorization: `Bearer ${user} ${secret.reveal()}`,
      ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const path = `${url.pathname}${url.search}`;
    return { method, path, headers, body: body === undefined ? null : JSON.stringify(body) };
  }

  #loadTls(): Promise<TlsSettings> {
    const { ca } = this.#access;
    const options = parseOptions(httpOptions, ca === undefined ? {} : { ca: [ca] });
    const { shutdown: signal, ...context } = this.#context;
    const surroundings = {
      ...context,
      signal,
      maxOutputBytes: limits.maxOutputBytes,
      maxSkewMs: defaultMaxSkewMs,
      accepts: async () => undefined,
      acceptsBy: '',
    };
    this.#tls ??= import('../../web/tls.ts').then((tls) =>
      tls.loadTlsSettings(options, surroundings),
    );
    return this.#tls;
  }
}

/** @throws CourierError PEER for a success that is no JSON: a login page, or a proxy's own */
function toAnswer({ status, headers, body }: WebResponse, { doing }: RestRequest): RestAnswer {
  const text = body.toString('utf8');
  const content = readJson(text);
  const isEmpty = status === 204 || (text === '' && status < 300);
  if (status < 300 && content === undefined && !isEmpty) {
    throw new CourierError('PEER', `${doing}: the answer is no JSON; is --url that of a site?`);
  }
  return { status, headers, content, text: text.slice(0, 2048) };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
