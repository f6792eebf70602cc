/** `nats:`: the last output that a stream of a broker keeps of the host. */

import { CourierError } from '../../faults/errors.ts';
import { checkNatsOptions } from '../../nats/options.ts';
import { NatsSession, type SessionContext } from '../../nats/session.ts';
import { outputSubject } from '../../nats/subjects.ts';
import type { Target } from '../source.ts';
import { type Delivery, defineTransport, type OpenContext, type Subscriber } from '../transport.ts';
import { toDelivery } from './arrived.ts';
import { Follower } from './following.ts';
import { type SourceOptions, sourceOptions } from './options.ts';
import { checkNatsUri, findSite, locateOutput } from './place.ts';
import { readLast } from './reading.ts';

const concurrency = 32;

export const nats = defineTransport({
  options: sourceOptions,
  traits: { concurrency, consumes: false },
  async open(uri, options, context) {
    const servers = checkNatsUri(uri);
    checkNatsOptions(options);
    const session = new NatsSession(servers, options, toSessionContext(context, options));
    const where = `${options.stream} at ${session.shown}`;
    const fetch = async (target: Target, signal: AbortSignal): Promise<Delivery> => {
      const { site, host } = locateOutput(uri, target);
      const found = await readLast(outputSubject(site, host), session, options, signal);
      if (found === null) {
        throw new CourierError(
          'NO_OUTPUT',
          `there is no output of ${host} of site ${site} in ${where}`,
        );
      }
      const { header: headers, data, time: storedAt } = found;
      const delivery = await toDelivery({ headers, data, storedAt }, host, where, context);
      signal.throwIfAborted();
      return delivery;
    };
    const site = findSite(uri);
    const followed = { session, stream: options.stream, where, concurrency };
    const subscribe = (subscriber: Subscriber, signal: AbortSignal) =>
      new Follower({ ...followed, site: site ?? '' }, subscriber, context, signal).run();
    return {
      fetch,
      ...(site === undefined ? {} : { subscribe }),
      close: () => session.close(),
    };
  },
});

/** A leader answers in Base64. */
function toSessionContext(context: OpenContext, { leader }: SourceOptions): SessionContext {
  const { maxOutputBytes } = context;
  return leader ? { ...context, maxOutputBytes: Math.ceil((maxOutputBytes * 4) / 3) } : context;
}
