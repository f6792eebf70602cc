/** How the tests of the file transport drop and fetch. */

import type { TestContext } from 'node:test';
import type { RawOptions } from '../../../src/cli/options.ts';
import { systemClock } from '../../../src/clock.ts';
import { parseHostName } from '../../../src/names/host-name.ts';
import { file } from '../../../src/transports/file/file.ts';
import { parseSourceUri, type Source } from '../../../src/transports/source.ts';
import { type Delivery, withTransport } from '../../../src/transports/transport.ts';
import { type CollectingContext, makeOpenContext } from '../../helpers/open-context.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

export const output = Buffer.from('<<<check_mk>>>\nVersion: 2.4.0\nAgentOS: linux\n');

export function toSource(uri: string, options: RawOptions = {}): Source {
  return { uri: parseSourceUri(uri), options };
}

interface Fetch {
  readonly options?: RawOptions;
  readonly context?: CollectingContext;
}

/** Fetches the output of host web01. */
export async function fetchFile(uri: string, { options, context }: Fetch = {}): Promise<Delivery> {
  const opened = context ?? makeOpenContext();
  return withTransport(file, toSource(uri, options), opened, (transport) =>
    transport.fetch({ host: parseHostName('web01'), address: undefined }, opened.signal),
  );
}

/** Fetches and returns what arrived as text. */
export async function fetchText(uri: string, fetch: Fetch = {}): Promise<string> {
  return (await fetchFile(uri, fetch)).output.toString();
}

/** A context to which all files are old, and whose pauses take no time; `meanwhile` happens in each. */
export function whilePausing(meanwhile: () => Promise<void>): CollectingContext {
  return makeOpenContext({
    clock: { ...systemClock, now: () => Date.now() + 3_600_000, sleep: meanwhile },
  });
}

/** An empty drop directory for one test. */
export function makeDrops(test: TestContext): Promise<string> {
  return makeTempDir(test);
}
