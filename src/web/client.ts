/** From options to connections, and from a request through its redirects to an answer. */

import type { Logger } from '../logging/log.ts';
import type { SecretContext } from '../secrets/secrets.ts';
import { Connections } from './connections.ts';
import type { HeaderLine } from './header-lines.ts';
import type { HttpOptions } from './options.ts';
import { showWebPlace } from './place.ts';
import type { ChooseProxy } from './proxy.ts';
import { type Hop, Trail } from './redirects.ts';
import type { WebResponse } from './response-reader.ts';
import { isRedirect } from './statuses.ts';
import type { TlsSettings } from './tls.ts';

export interface ClientContext extends SecretContext {
  /** An answer that is larger is TOO_LARGE. */
  readonly maxOutputBytes: number;
}

/**
 * Reads what the options name; nothing is connected yet.
 *
 * @param scheme of the first request: for https the files for TLS are read at once
 * @throws CourierError CONFIG, LOCAL or USAGE about a file
 */
export async function openConnections(
  scheme: string,
  options: HttpOptions,
  credentials: readonly HeaderLine[],
  context: ClientContext,
): Promise<Connections> {
  return new Connections({
    credentials,
    chooseProxy: await loadProxies(options, context),
    tls: await prepareTls(scheme, options, context),
    connectTimeoutMs: options.connectTimeout,
    family: toFamily(options.family),
    limits: {
      headerTimeoutMs: options.headerTimeout,
      idleTimeoutMs: options.idleTimeout,
      maxOutputBytes: context.maxOutputBytes,
    },
  });
}

/** Sends a request and follows redirects, as many as are allowed. */
export async function followRedirects(
  first: Hop,
  { connections, most, log }: { connections: Connections; most: number; log: Logger },
  signal: AbortSignal,
): Promise<{ readonly hop: Hop; readonly response: WebResponse }> {
  const trail = new Trail(first, most);
  for (let hop = first; ; ) {
    const response = await connections.ask(hop, signal);
    const next = isRedirect(response.status) ? trail.follow(hop, response) : undefined;
    if (next === undefined) return { hop, response };
    hop = next;
    log.debug({ to: showWebPlace(hop.place) }, 'following a redirect');
  }
}

async function loadProxies(options: HttpOptions, context: ClientContext): Promise<ChooseProxy> {
  if (options.proxy === undefined) return () => undefined;
  return (await import('./proxy.ts')).loadProxies(options, context);
}

/**
 * Reads the files for TLS at once for https, so that a wrong file is found before anything is
 * connected.
 */
async function prepareTls(
  scheme: string,
  options: HttpOptions,
  context: ClientContext,
): Promise<() => Promise<TlsSettings>> {
  let settings: Promise<TlsSettings> | undefined;
  const load = async () => (await import('./tls.ts')).loadTlsSettings(options, context);
  const loadOnce = () => {
    settings ??= load();
    return settings;
  };
  if (scheme === 'https') await loadOnce();
  return loadOnce;
}

function toFamily(family: HttpOptions['family']): 0 | 4 | 6 {
  if (family === undefined) return 0;
  return family === '4' ? 4 : 6;
}
