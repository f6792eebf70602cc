/** Gets agent output with a GET: http:, https: and http+unix: (a web server on a Unix socket). */

import { CourierError } from '../../faults/errors.ts';
import { asCourierErrorWhile } from '../../faults/system-errors.ts';
import { parseHostName } from '../../names/host-name.ts';
import type { StatedTime } from '../../times/stated-time.ts';
import { checkHttpOptions } from '../../web/check-options.ts';
import { followRedirects, openConnections } from '../../web/client.ts';
import type { Connections } from '../../web/connections.ts';
import { decodeContent } from '../../web/content-encoding.ts';
import { readCredentials } from '../../web/credentials.ts';
import { type HttpOptions, httpOptions } from '../../web/options.ts';
import { parseWebPlace, showWebPlace, type WebPlace } from '../../web/place.ts';
import type { WebResponse } from '../../web/response-reader.ts';
import { checkStatus } from '../../web/statuses.ts';
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
    const connections = await openConnections(uri.scheme, options, credentials, context);
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
    const { hop, response } = await followRedirects(
      first,
      { connections: this.#connections, most: this.#options.redirects, log: this.#context.log },
      signal,
    );
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
