/** The request for one hop: a GET that asks for output, unless it is said otherwise. */

import type { Dispatcher } from 'undici';
import { acceptedEncodings } from './content-encoding.ts';
import type { HeaderLine } from './header-lines.ts';
import type { ProxyAccess } from './proxy.ts';
import type { Hop } from './redirects.ts';

/**
 * The request for one hop. Credentials and extra headers are for the source's own peer only.
 *
 * @param proxy when it is the proxy that reads the request: http, not https
 */
export function toRequest(
  { place: { url }, isKnown, call }: Hop,
  credentials: readonly HeaderLine[],
  proxy: ProxyAccess | undefined,
): Dispatcher.DispatchOptions {
  const given = isKnown ? merge(credentials, call?.headers ?? []) : [];
  const usual = [
    { name: 'host', value: url.host },
    { name: 'user-agent', value: 'cmk-courier' },
    { name: 'accept', value: '*/*' },
    // Caches on the way may hold old output; the second header is for HTTP/1.0: RFC 9111 5.2.1.4,
    // 5.4.
    { name: 'cache-control', value: 'no-cache' },
    { name: 'pragma', value: 'no-cache' },
    { name: 'accept-encoding', value: acceptedEncodings },
  ].filter(({ name }) => given.every((line) => line.name !== name));
  const lines = [...usual, ...given];
  if (proxy?.authorization !== undefined) {
    lines.push({ name: 'proxy-authorization', value: proxy.authorization });
  }
  const path = `${url.pathname}${url.search}`;
  return {
    method: call?.method ?? 'GET',
    ...(call?.body === undefined ? {} : { body: call.body }),
    // RFC 9112 3.2.2: a proxy is given all of the URL.
    path: proxy === undefined ? path : `${url.origin}${path}`,
    headers: lines.flatMap(({ name, value }) => [name, value]),
  };
}

/** What is said for one request stands in for what is said for all. */
function merge(usual: readonly HeaderLine[], own: readonly HeaderLine[]): readonly HeaderLine[] {
  const isOwn = ({ name }: HeaderLine) => own.some((line) => line.name === name);
  return [...usual.filter((line) => !isOwn(line)), ...own];
}
