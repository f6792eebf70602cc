/** Sources of the tcp transport, and fetches from them, for tests. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RawOptions } from '../../../src/cli/options.ts';
import { stderrLine } from '../../../src/faults/errors.ts';
import { parseHostName } from '../../../src/names/host-name.ts';
import { parseSourceUri, type Source } from '../../../src/transports/source.ts';
import { tcp } from '../../../src/transports/tcp/tcp.ts';
import { type Delivery, withTransport } from '../../../src/transports/transport.ts';
import { catchFault } from '../../helpers/expect-fault.ts';
import { type CollectingContext, makeOpenContext } from '../../helpers/open-context.ts';

export function toSource(uri: string, options: RawOptions = {}): Source {
  return { uri: parseSourceUri(uri), options };
}

/** What web01 has, by a source without placeholders or with `{address}` for 127.0.0.1. */
export async function fetchOutput(
  uri: string,
  options: RawOptions = {},
  context: CollectingContext = makeOpenContext(),
  host = 'web01',
): Promise<Delivery> {
  const target = { host: parseHostName(host), address: '127.0.0.1' };
  return withTransport(tcp, toSource(uri, options), context, (transport) =>
    transport.fetch(target, context.signal),
  );
}

/** The line on stderr with which a fetch ends, without the program's name, transport and host. */
export async function lineOf(fetched: Promise<unknown>): Promise<string> {
  const fault = await catchFault(fetched);
  const line = stderrLine(fault, ['tcp', 'web01']);
  const start = 'cmk-courier: tcp: web01: ';
  if (!line.startsWith(start)) throw new Error(`an unexpected line: ${line}`);
  return line.slice(start.length);
}

/** A file with a secret in it, as only its owner may read it. */
export async function writeSecret(directory: string, name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text, { mode: 0o600 });
  return path;
}
