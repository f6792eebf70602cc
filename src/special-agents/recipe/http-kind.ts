/** Steps that ask over HTTP: all of it is what the http transport does. */

import type { RawOptions } from '../../cli/options.ts';
import { parseOptions } from '../../cli/options.ts';
import { CourierError, prefixError, quote } from '../../faults/errors.ts';
import { registerSecret } from '../../faults/redaction.ts';
import type { Logger } from '../../logging/log.ts';
import { Secret, type SecretContext } from '../../secrets/secrets.ts';
import { Turns } from '../../system/turns.ts';
import type { WebCall } from '../../web/call.ts';
import { checkHttpOptions } from '../../web/check-options.ts';
import { followRedirects, openConnections } from '../../web/client.ts';
import type { Connections } from '../../web/connections.ts';
import { decodeContent } from '../../web/content-encoding.ts';
import { basic, readCredentials } from '../../web/credentials.ts';
import { type HeaderLine, parseHeaderLine } from '../../web/header-lines.ts';
import { httpOptions } from '../../web/options.ts';
import { parseWebPlace, showWebPlace, type WebPlace } from '../../web/place.ts';
import type { WebResponse } from '../../web/response-reader.ts';
import { checkStatus, showStatus } from '../../web/statuses.ts';
import { methods } from './methods.ts';
import type { Recipe } from './recipe.ts';
import { isRefusal, markRefusal } from './refusals.ts';
import type { HttpStep, LastStep } from './schema.ts';
import type { Reply, StepCall } from './step.ts';
import { hasOwnOrigin } from './templates.ts';

/** A request, with all its texts filled. */
export interface WebRequest {
  readonly place: WebPlace;
  readonly isKnown: boolean;
  readonly method: WebCall['method'];
  readonly headers: readonly HeaderLine[];
  readonly body: Buffer | undefined;
  readonly accept: readonly number[] | undefined;
  /** Statuses that mean that the login is refused. */
  readonly refuse: readonly number[];
}

export class HttpKind {
  readonly #base: WebPlace;
  readonly #connections: Connections;
  readonly #redirects: number;
  readonly #log: Logger;
  readonly #env: SecretContext['env'];
  readonly #turns: Turns;
  /** Until the first answer there is one question: a wrong password is tried once, not ten times. */
  #first: Promise<Reply> | undefined;
  #refusal: unknown;

  /** @param settings options as they were written, and what the recipe sets beside them */
  static async open(
    base: WebPlace,
    settings: HttpSettings,
    context: KindContext,
  ): Promise<HttpKind> {
    const options = parseOptions(httpOptions, settings.options);
    const scheme = base.socketPath === undefined ? base.url.protocol.slice(0, -1) : 'http+unix';
    checkHttpOptions(scheme, options);
    const credentials = [...toCredentials(settings), ...(await readCredentials(options, context))];
    if (options.insecure)
      context.log.warn({}, '--insecure: the certificate of the peer is not checked');
    const connections = await openConnections(scheme, options, credentials, {
      ...context,
      maxOutputBytes: context.maxBodyBytes,
    });
    return new HttpKind(base, connections, options.redirects, context);
  }

  private constructor(
    base: WebPlace,
    connections: Connections,
    redirects: number,
    { log, env, mostAtOnce }: KindContext,
  ) {
    this.#turns = new Turns(mostAtOnce);
    this.#base = base;
    this.#connections = connections;
    this.#redirects = redirects;
    this.#log = log;
    this.#env = env;
  }

  /** @throws CourierError USAGE or CONFIG for what is no URL; REFUSED for another origin */
  toRequest(step: HttpStep | LastStep, call: StepCall): WebRequest {
    const method = methods.find((name) => step[name] !== undefined) ?? 'get';
    const template = step[method] ?? '';
    const filled = call.fill(template, 'url');
    const from = { place: this.#base, isKnown: true };
    const target = hasOwnOrigin(template, call.isOwn)
      ? { place: parseWebPlace(filled), isKnown: true }
      : admit(filled, from, step, call);
    addQuery(target.place.url, step.query ?? {}, call);
    const { body, type } = toBody(step, call);
    const own = Object.entries(step.headers ?? {}).map(([name, value]) =>
      parseHeaderLine(`${name}: ${call.fill(String(value), 'text')}`),
    );
    const named = own.some(({ name }) => name === 'content-type');
    const headers =
      type === undefined || named ? own : [...own, { name: 'content-type', value: type }];
    return {
      ...target,
      method: toMethod(method),
      headers,
      body,
      accept: step.accept,
      refuse: [401, ...(step.refuse ?? []).filter((one) => typeof one === 'number')],
    };
  }

  /** The same question at the place that a link in the answer names. */
  follow(request: WebRequest, link: string, step: HttpStep, call: StepCall): WebRequest {
    return { ...request, ...admit(link, request, step, call) };
  }

  /** @throws CourierError REFUSED for 401, which ends the run, and 403; PEER for another status that is not accepted */
  async send(request: WebRequest, call: StepCall): Promise<Reply> {
    const isFirst = this.#first === undefined;
    if (!isFirst) await this.#first?.catch(() => undefined);
    if (this.#refusal !== undefined) throw this.#refusal;
    call.signal.throwIfAborted();
    const sending = this.#turns.take(() => this.#send(request, call));
    if (isFirst) this.#first = sending;
    return sending.catch((error: unknown) => {
      if (isRefusal(error)) this.#refusal = error;
      throw error;
    });
  }

  async #send(request: WebRequest, call: StepCall): Promise<Reply> {
    call.signal.throwIfAborted();
    const { accept, method, headers, body, place, isKnown } = request;
    const wants = (status: number) =>
      accept === undefined ? status >= 200 && status <= 299 : accept.includes(status);
    const webCall = { method, headers, wants, ...(body === undefined ? {} : { body }) };
    const most = method === 'GET' ? this.#redirects : 0;
    const { hop, response } = await followRedirects(
      { place, isKnown, call: webCall },
      { connections: this.#connections, most, log: this.#log },
      call.signal,
    );
    const shown = showWebPlace(hop.place);
    if (!wants(response.status)) throw toFault(response, shown, request.refuse);
    const limit = { maxOutputBytes: call.maxBodyBytes, env: this.#env, signal: call.signal };
    const encoding = response.headers.get('content-encoding');
    const bytes = await decodeContent(response.body, encoding, limit).catch((error: unknown) => {
      throw error instanceof CourierError ? prefixError(error, shown) : error;
    });
    return {
      place: shown,
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: bytes,
    };
  }

  close(): Promise<void> {
    return this.#connections.close();
  }
}

/**
 * Where a link leads. What a peer answers leads to nobody but itself, unless the recipe says so;
 * then neither credentials nor headers go along.
 *
 * @throws CourierError PEER when it leads nowhere, REFUSED when away
 */
function admit(
  link: string,
  from: Pick<WebRequest, 'place' | 'isKnown'>,
  step: HttpStep | LastStep,
  call: StepCall,
): Pick<WebRequest, 'place' | 'isKnown'> {
  const { url: base, socketPath } = from.place;
  const url = URL.parse(link, base.href);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new CourierError('PEER', `a link that leads nowhere: ${quote(link)}`);
  }
  url.username = '';
  url.password = '';
  if (url.origin === base.origin) return { place: { url, socketPath }, isKnown: from.isKnown };
  const allowed = (step.origins ?? []).map((text) => URL.parse(call.fill(text, 'url'))?.origin);
  if (allowed.includes(url.origin))
    return { place: { url, socketPath: undefined }, isKnown: false };
  const where = `${quote(url.origin)}, away from ${base.origin}`;
  throw new CourierError(
    'REFUSED',
    `a link to ${where}, is not followed: origins: has no such one`,
  );
}

/** A status that is not accepted; one that means a refused login ends the run. */
function toFault(response: WebResponse, shown: string, refuse: readonly number[]): CourierError {
  try {
    checkStatus(response, shown);
  } catch (error) {
    if (!(error instanceof CourierError)) throw error;
    if (!refuse.includes(response.status)) return error;
    return markRefusal(new CourierError('REFUSED', error.message, { cause: error }));
  }
  return new CourierError('PEER', `${shown}: ${showStatus(response)}`);
}

interface KindContext extends SecretContext {
  readonly maxBodyBytes: number;
  /** How many questions may be on their way. */
  readonly mostAtOnce: number;
}

/** How all requests are made. */
export interface HttpSettings {
  readonly options: RawOptions;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
}

function toCredentials({ user, password, token }: HttpSettings): readonly HeaderLine[] {
  if (user !== undefined && password !== undefined) {
    return [{ name: 'authorization', value: basic(user, new Secret(password)) }];
  }
  if (token === undefined) return [];
  registerSecret(token);
  return [parseHeaderLine(`Authorization: Bearer ${token}`)];
}

function toMethod(name: (typeof methods)[number]): WebCall['method'] {
  return ({ get: 'GET', post: 'POST', put: 'PUT', patch: 'PATCH', delete: 'DELETE' } as const)[
    name
  ];
}

function addQuery(url: URL, query: NonNullable<HttpStep['query']>, call: StepCall): void {
  for (const [name, value] of Object.entries(query)) {
    const values = Array.isArray(value) ? value : [value];
    for (const one of values) url.searchParams.append(name, call.fill(String(one), 'text'));
  }
}

function toBody(step: HttpStep | LastStep, call: StepCall) {
  if (step.json !== undefined) {
    const body = Buffer.from(JSON.stringify(call.fillAll(step.json)));
    return { body, type: 'application/json' };
  }
  if (step.form !== undefined) {
    const fields = Object.entries(step.form).map(([name, value]): [string, string] => [
      name,
      call.fill(String(value), 'text'),
    ]);
    return {
      body: Buffer.from(new URLSearchParams(fields).toString()),
      type: 'application/x-www-form-urlencoded',
    };
  }
  if (step.body === undefined) return { body: undefined, type: undefined };
  return { body: Buffer.from(call.fill(step.body, 'text')), type: 'text/plain; charset=utf-8' };
}

/** Where a recipe asks: the origin of the first request whose origin no answer can change. */
export function findBase(recipe: Recipe, call: Pick<StepCall, 'fill' | 'isOwn'>): WebPlace {
  for (const step of recipe.steps) {
    const template = methods.map((name) => step[name]).find((text) => text !== undefined);
    if (template === undefined || !hasOwnOrigin(template, call.isOwn)) continue;
    const [start = ''] = /^[^/?#]*(?:\/\/[^/?#]*)?/.exec(template) ?? [];
    return parseWebPlace(call.fill(start, 'url'));
  }
  throw new CourierError('CONFIG', 'no step says by itself which server is asked');
}
