/** Redirects: where they may lead, and whether credentials are sent there. */

import { CourierError, quote } from '../faults/errors.ts';
import type { WebCall } from './call.ts';
import { showWebPlace, type WebPlace } from './place.ts';
import type { WebResponse } from './response-reader.ts';
import { showStatus } from './statuses.ts';

/** One request on the way to the output. */
export interface Hop {
  readonly place: WebPlace;
  /** Whether credentials go along: only as long as every hop stayed with the source's own peer. */
  readonly isKnown: boolean;
  /** What is asked there; left out, it is a GET for output. */
  readonly call?: WebCall;
}

/** The way to the output, redirect by redirect. */
export class Trail {
  readonly #visited: Set<string>;
  readonly #most: number;
  #left: number;

  /** @param most how many redirects may be followed */
  constructor(first: Hop, most: number) {
    this.#visited = new Set([toKey(first.place.url)]);
    this.#most = most;
    this.#left = most;
  }

  /**
   * Where a redirect leads; undefined when none is to be followed.
   *
   * @throws CourierError PEER when it leads nowhere, back to where it has been, or to one place too
   * many; REFUSED when from https to http
   */
  follow(hop: Hop, response: WebResponse): Hop | undefined {
    const url = readLocation(hop.place.url, response);
    if (url !== null && this.#visited.has(toKey(url))) {
      const back = showWebPlace({ ...hop.place, url });
      throw peerFault(hop, `a redirect loop: ${showStatus(response)}, which leads back to ${back}`);
    }
    if (this.#most === 0) return undefined;
    if (this.#left === 0) throw peerFault(hop, `more redirects than the allowed ${this.#most}`);
    this.#left -= 1;
    const next = nextHop(hop, response);
    this.#visited.add(toKey(next.place.url));
    return next;
  }
}

/** All of a URL that is sent. */
function toKey({ origin, pathname, search }: URL): string {
  return `${origin}${pathname}${search}`;
}

function peerFault(hop: Hop, why: string): CourierError {
  return new CourierError('PEER', `${showWebPlace(hop.place)}: ${why}`);
}

/**
 * Where a redirect leads.
 *
 * @throws CourierError PEER when it leads nowhere, REFUSED when from https to http
 */
function nextHop(hop: Hop, response: WebResponse): Hop {
  const from = showWebPlace(hop.place);
  const url = readLocation(hop.place.url, response);
  if (url === null) {
    throw new CourierError('PEER', `${from}: ${showStatus(response)} without a usable Location`);
  }
  const isSameOrigin = url.origin === hop.place.url.origin;
  if (hop.place.url.protocol === 'https:' && url.protocol === 'http:') {
    throw new CourierError(
      'REFUSED',
      `${from}: a redirect from https to ${quote(url.origin)} is not followed`,
    );
  }
  if (hop.place.socketPath !== undefined && !isSameOrigin) {
    throw new CourierError(
      'PEER',
      `${from}: a redirect from a Unix socket to ${quote(url.origin)} is not followed`,
    );
  }
  return {
    place: { url, socketPath: hop.place.socketPath },
    isKnown: hop.isKnown && isSameOrigin,
    ...(hop.call && { call: hop.call }),
  };
}

/** Users and passwords in a Location come from the peer and are not sent. */
function readLocation(base: URL, { headers }: WebResponse): URL | null {
  const location = headers.get('location');
  const url = location === undefined ? null : URL.parse(location, base.href);
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  url.username = '';
  url.password = '';
  return url;
}
