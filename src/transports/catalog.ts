/** Every transport, by the scheme of the sources it serves; loaded when one is used. */

import { CourierError, quote } from '../errors.ts';
import type { TransportModule } from '../transport.ts';

interface CatalogEntry {
  /** What it gets, for --help and README.md. */
  readonly summary: string;
  /** The folder that holds it, and the name it has in messages. */
  readonly transport: string;
  readonly load: () => Promise<TransportModule>;
}

const loadHttp = async () => (await import('./http/http.ts')).http;
const loadFile = async () => (await import('./file/file.ts')).file;

export const catalog: Readonly<Record<string, CatalogEntry>> = {
  https: { summary: 'fetch from a web server', transport: 'http', load: loadHttp },
  http: { summary: 'the same without encryption', transport: 'http', load: loadHttp },
  'http+unix': {
    summary: 'fetch from a web server on a Unix socket',
    transport: 'http',
    load: loadHttp,
  },
  file: {
    summary: 'a file, or the newest complete file in a directory',
    transport: 'file',
    load: loadFile,
  },
};

/**
 * The catalog's entry for a scheme.
 *
 * @throws CourierError USAGE
 */
export function catalogEntry(scheme: string): CatalogEntry {
  const entry = Object.hasOwn(catalog, scheme) ? catalog[scheme] : undefined;
  if (entry === undefined) {
    const known = Object.keys(catalog).join(', ');
    throw new CourierError('USAGE', `no transport for ${quote(`${scheme}:`)}; there are ${known}`);
  }
  return entry;
}
