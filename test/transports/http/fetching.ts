/** How the tests of the http transport ask for output. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RawOptions } from '../../../src/cli/options.ts';
import { parseHostName } from '../../../src/names/host-name.ts';
import { http } from '../../../src/transports/http/http.ts';
import { parseSourceUri, type Source } from '../../../src/transports/source.ts';
import { type Delivery, withTransport } from '../../../src/transports/transport.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';

export const target = { host: parseHostName('web01'), address: '127.0.0.1' } as const;

export function toSource(uri: string, options: RawOptions = {}): Source {
  return { uri: parseSourceUri(uri), options };
}

/** Opens, fetches for the host web01, closes. */
export async function fetchOutput(
  uri: string,
  options: RawOptions = {},
  context = makeOpenContext(),
): Promise<Delivery> {
  return withTransport(http, toSource(uri, options), context, (transport) =>
    transport.fetch(target, context.signal),
  );
}

/** Writes a file only its owner may read, and gives its path. */
export async function writeSecret(
  directory: string,
  name: string,
  content: string | Buffer,
): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content, { mode: 0o600 });
  return path;
}

/** An HTTP/1.1 response with Content-Length. */
export function toResponse(
  body: string | Buffer,
  headers: readonly string[] = [],
  status = '200 OK',
): Buffer {
  const bytes = Buffer.from(body);
  const lines = [`HTTP/1.1 ${status}`, `Content-Length: ${bytes.length}`, ...headers];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), bytes]);
}
