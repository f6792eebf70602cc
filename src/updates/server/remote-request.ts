/** What a remote site says of itself when it hands on the request of a host (agent-updates.md#remote-sites). */

import type { Exchange } from '../../receiver/exchange.ts';

/** Believed by nobody: it only saves bytes, and tells administrators who asks through whom. */
export interface RemoteRequest {
  /** Name of the site. */
  readonly site: string;
  /** Digest of the package that it has already. */
  readonly has: string | undefined;
}

/** Undefined for a host that asks by itself. */
export function readRemote({ request: { headers } }: Exchange): RemoteRequest | undefined {
  const { 'courier-remote': site, 'courier-have': has } = headers;
  if (typeof site !== 'string' || !/^[A-Za-z_][\w-]{0,60}$/.test(site)) return undefined;
  return { site, has: typeof has === 'string' ? has : undefined };
}
