/** Gets agent output with a GET: http:, https: and http+unix: (a web server on a Unix socket). */

import { CourierError } from '../../faults/errors.ts';
import { asCourierErrorWhile } from '../../faults/system-errors.ts';
import { parseHostName } from '../../names/host-name.ts';
import type { StatedTime } from '../../times/stated-time.ts';
import { checkHttpOptions } from '../../web/check-options.ts';
import { Connections } from '../../web/connections.ts';
import { decodeContent } from '../../web/content-encoding.ts';
import { readCredentials } from '../../web/credentials.ts';
import { type HttpOptions, httpOptions } from '../../web/options.ts';
import { parseWebPlace, showWebPlace, type WebPlace } from '../../web/place.ts';
import type { ChooseProxy } from '../../web/proxy.ts';
import { type Hop, Trail } from '../../web/redirects.ts';
import type { WebResponse } from '../../web/response-reader.ts';
import { checkStatus, isRedirect } from '../../web/statuses.ts';
import type { TlsSettings } from '../../web/tls.ts';
import { fillSourceUri, type SourceUri, type Target } from '../source.ts';
import { type Delivery, defineTransport, type OpenContext, type Transport } from '../transport.ts';
import { findProducedAt, findSkew } from './produced-at.ts';

export const http = defineTransport({
  options: httpOptions,
  traits: { concurrency: 8, consumes: false },
  async open(uri, options, context) {
    checkHttpOptions(uri.scheme, options);
    // Any host serves to check that the source is a URL.
    locatePage(uri, { host: parseHostName('host'), address: '127.0.0.1' });
    const credentials = await readCredentials(options, context);
    warn(uri, options, credentials.length > 0, context);
    const connections = new Connections({
      credentials,
      chooseProxy: await loadProxies(options, context),
      tls: await prepareTls(uri, options, context),
      connectTimeoutMs: options.connectTimeout,
      family: toFamily(options.family),
      limits: {
        headerTimeoutMs: options.headerTimeout,
        idleTimeoutMs: options.idleTimeout,
        maxOutputBytes: context.maxOutputBytes,
      },
    });
    return new HttpTransport(uri, connections, options, context);
  },
});

/** Where the output of one host is. */
function locatePage(uri: SourceUri, target: Target): WebPlace {
  return parseWebPlace(fillSourceUri(uri, target));
}

/** What goes into the log of the header. */
const namesOfTimes = ['date', 'last-modified', 'age', 'via', 'x-cache', 'warning'];

class HttpTransport implements Transport {
  readonly #uri: SourceUri;
  readonly #connections: Connections;
  readonly #options: HttpOptions;
  readonly #context: OpenContext;

  constructor(
    uri: SourceUri,
    connections: Connections,
    options: HttpOptions,
    context: OpenContext,
  ) {
    this.#uri = uri;
    this.#connections = connections;
    this.#options = options;
    this.#context = context;
  }

  async fetch(target: Target, signal: AbortSignal): Promise<Delivery> {
    signal.throwIfAborted();
    const first = { place: locatePage(this.#uri, target), isKnown: true };
    const { hop, response } = await this.#follow(first, signal);
    const origin = showWebPlace(hop.place);
    checkStatus(response, origin);
    this.#checkLength(response, origin);
    const output = await decodeContent(
      response.body,
      response.headers.get('content-encoding'),
      this.#context,
    ).catch((error: unknown) => {
      throw asCourierErrorWhile(error, origin);
    });
    signal.throwIfAborted();
    const producedAt = this.#date(response, origin);
    return { output, origin, producedAt, acknowledge: async () => undefined };
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  /** Sends the request and follows redirects, as many as are allowed. */
  async #follow(first: Hop, signal: AbortSignal): Promise<{ hop: Hop; response: WebResponse }> {
    const trail = new Trail(first, this.#options.redirects);
    for (let hop = first; ; ) {
      const response = await this.#connections.ask(hop, signal);
      const next = isRedirect(response.status) ? trail.follow(hop, response) : undefined;
      if (next === undefined) return { hop, response };
      hop = next;
      this.#context.log.debug({ to: showWebPlace(hop.place) }, 'following a redirect');
    }
  }

  #date({ headers }: WebResponse, origin: string): StatedTime {
    const { log, clock, maxSkewMs } = this.#context;
    const nowMs = clock.now();
    const told = [...headers].filter(([name]) => namesOfTimes.includes(name));
    const skewMs = findSkew(headers, nowMs);
    log.debug(
      { origin, ...Object.fromEntries(told), skewMs },
      'the peer tells when it was produced',
    );
    return findProducedAt(headers, { nowMs, maxSkewMs });
  }

  /** A connection that ends may end too early. */
  #checkLength({ endsByClose }: WebResponse, origin: string): void {
    if (!endsByClose) return;
    if (this.#options.requireLength) {
      const why = 'the response has no length, so that a cut could not be noticed';
      throw new CourierError('PEER', `${origin}: ${why} (--require-length)`);
    }
    this.#context.log.info({ origin }, 'no length given: a cut could not be noticed');
  }
}

function warn(
  uri: SourceUri,
  { insecure, tlsPin }: HttpOptions,
  hasCredentials: boolean,
  { log }: OpenContext,
): void {
  if (insecure) {
    const rest = tlsPin.length > 0 ? ', only its pinned key' : '';
    log.warn({}, `--insecure: the certificate of the peer is not checked${rest}`);
  }
  if (hasCredentials && uri.scheme === 'http') {
    log.warn({}, 'credentials travel unencrypted over http:');
  }
}

async function loadProxies(options: HttpOptions, context: OpenContext): Promise<ChooseProxy> {
  if (options.proxy === undefined) return () => undefined;
  return (await import('../../web/proxy.ts')).loadProxies(options, context);
}

/**
 * Reads the files for TLS at once for https, so that a wrong file is found before anything is
 * connected.
 */
async function prepareTls(
  uri: SourceUri,
  options: HttpOptions,
  context: OpenContext,
): Promise<() => Promise<TlsSettings>> {
  let settings: Promise<TlsSettings> | undefined;
  const load = async () => (await import('../../web/tls.ts')).loadTlsSettings(options, context);
  const loadOnce = () => {
    settings ??= load();
    return settings;
  };
  if (uri.scheme === 'https') await loadOnce();
  return loadOnce;
}

function toFamily(family: HttpOptions['family']): 0 | 4 | 6 {
  if (family === undefined) return 0;
  return family === '4' ? 4 : 6;
}
