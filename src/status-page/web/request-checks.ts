/** Which requests are let in at all, whoever they are from. */

import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** The name that a Host header holds, without port and brackets, in lower case. */
function nameIn(host: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/.exec(host) ?? [];
  return (bracketed ?? plain ?? '').toLowerCase();
}

/**
 * Whether a request was meant for this server: a page of somebody else's that lets its own name lead
 * to our address (DNS rebinding) still says that name. An address is nobody's name.
 *
 * @param known names besides `localhost`
 */
export function isMeantForUs(
  { headers: { host } }: IncomingMessage,
  known: readonly string[],
): boolean {
  if (host === undefined) return false;
  const name = nameIn(host);
  return name === 'localhost' || isIP(name) !== 0 || known.includes(name);
}

/**
 * Whether an action was asked for by a page of ours. All browsers say where a POST comes from; what
 * says nothing is no browser, and may say it.
 *
 * @param isProxied the server in front says by which name it was asked
 */
export function isFromOwnPage({ headers }: IncomingMessage, isProxied: boolean): boolean {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  if (origin === undefined) return site === 'same-origin';
  const forwarded = isProxied ? lastOf(headers['x-forwarded-host']) : undefined;
  const asked = forwarded ?? host;
  return asked !== undefined && /^https?:\/\/(.+)$/.exec(origin)?.[1] === asked.toLowerCase();
}

/** Whether the browser got here by HTTPS, by the word of the server in front. */
export function isForwardedByTls({ headers }: IncomingMessage): boolean {
  return lastOf(headers['x-forwarded-proto']) === 'https';
}

/** Of several proxies the nearest one adds the last. */
function lastOf(header: string | readonly string[] | undefined): string | undefined {
  const text = typeof header === 'string' ? header : header?.at(-1);
  return text?.split(',').at(-1)?.trim() || undefined;
}
