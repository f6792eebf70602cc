/** Where a request goes. */

import { CourierError, quote } from '../faults/errors.ts';
import { showUri } from '../transports/source.ts';

export interface WebPlace {
  /** `http://localhost/…` for a Unix socket. */
  readonly url: URL;
  readonly socketPath: string | undefined;
}

/**
 * `http:`, `https:` or `http+unix:` and all that follows.
 *
 * @throws CourierError USAGE when that is no URL
 */
export function parseWebPlace(text: string): WebPlace {
  return /^http\+unix:/i.test(text) ? parseUnixUrl(text) : parseWebUrl(text);
}

function parseWebUrl(text: string): WebPlace {
  const url = /^https?:\/\/[^/?#]/i.test(text) ? URL.parse(text) : null;
  if (url === null) throw new CourierError('USAGE', `not a URL: ${quote(showUri(text))}`);
  if (url.username !== '') {
    throw new CourierError('USAGE', 'the URL must not hold a user; use --user');
  }
  return { url, socketPath: undefined };
}

/** `http+unix://%2Frun%2Fagent.sock/path`: the path of the socket where a URL has its host. */
function parseUnixUrl(text: string): WebPlace {
  const [, socket = '', rest = ''] = /^[^:]+:\/\/([^/?#]*)(.*)$/s.exec(text) ?? [];
  const socketPath = decodeSocketPath(socket);
  const url = URL.parse(`http://localhost${rest}`);
  if (url === null || socketPath === undefined) {
    throw new CourierError(
      'USAGE',
      `not an http+unix: URL: ${quote(showUri(text))}; one is http+unix://%2Frun%2Fagent.sock/path`,
    );
  }
  return { url, socketPath };
}

function decodeSocketPath(encoded: string): string | undefined {
  try {
    const path = decodeURIComponent(encoded);
    return /^\/[^\0]+$/.test(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** A place for messages: a query may hold a token, so it is left out. */
export function showWebPlace({ url, socketPath }: WebPlace): string {
  const origin =
    socketPath === undefined ? url.origin : `http+unix://${encodeURIComponent(socketPath)}`;
  return `${origin}${url.pathname}${url.search === '' ? '' : '?…'}`;
}

/** The peer we connect to, for messages: `depot:443`, or the path of a socket. */
export function showPeer({ url, socketPath }: WebPlace): string {
  return socketPath ?? `${url.hostname}:${portOf(url)}`;
}

export function portOf(url: URL): number {
  return Number(url.port || (url.protocol === 'https:' ? 443 : 80));
}
