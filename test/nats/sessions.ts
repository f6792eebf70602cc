/** Sessions with servers of tests. */

import { parseOptions, type RawOptions } from '../../src/cli/options.ts';
import { checkNatsOptions, natsOptions } from '../../src/nats/options.ts';
import { parseNatsServers } from '../../src/nats/servers.ts';
import { NatsSession } from '../../src/nats/session.ts';
import { type CollectingContext, makeOpenContext } from '../helpers/open-context.ts';

/** Whoever can be asked to clean up at its end; a TestContext is one. */
export interface Owner {
  after(cleanUp: () => Promise<void>): void;
}

export interface TestSession {
  readonly session: NatsSession;
  readonly context: CollectingContext;
}

/**
 * A session with servers by their URLs or as `host:port`; ends with the test.
 *
 * @param options as they are written
 */
export function openTestSession(
  owner: Owner,
  servers: readonly string[],
  options: RawOptions = {},
): TestSession {
  const context = makeOpenContext();
  const values = parseOptions(natsOptions, options);
  checkNatsOptions(values);
  const authority = servers.map((server) => server.replace(/^\w+:\/\//, '')).join(',');
  const session = new NatsSession(parseNatsServers(authority), values, context);
  owner.after(() => session.close());
  return { session, context };
}
