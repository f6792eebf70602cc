/** Redirects: where they may lead, and what goes along. */

import { CourierError, quote } from '../faults/errors.ts';
import type { Answer } from './exchange.ts';
import { type Place, showPlace } from './place.ts';
import { showStatus } from './statuses.ts';

/** One request on the way to the output. */
export interface Hop {
  readonly place: Place;
  /** Whether credentials go along: only as long as every hop stayed with the source's own peer. */
  readonly isKnown: boolean;
}

/**
 * Where a redirect leads.
 *
 * @throws CourierError PEER when it leads nowhere, REFUSED when from https to http
 */
export function nextHop(hop: Hop, answer: Answer): Hop {
  const from = showPlace(hop.place);
  const url = readLocation(hop.place.url, answer);
  if (url === null) {
    throw new CourierError('PEER', `${from}: ${showStatus(answer)} without a usable Location`);
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
  };
}

/** Users and passwords in a Location are not ours and not sent. */
function readLocation(base: URL, { headers }: Answer): URL | null {
  const location = headers.get('location');
  const url = location === undefined ? null : URL.parse(location, base.href);
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  url.username = '';
  url.password = '';
  return url;
}
