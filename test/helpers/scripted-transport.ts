/** Small transports that answer as a test tells them, and write down what is done with them. */

import type { SourceStep } from '../../src/fetching/attempt.ts';
import { parseSourceUri } from '../../src/transports/source.ts';
import { type Delivery, defineTransport } from '../../src/transports/transport.ts';

/** What a fetch does; `signal` is the one the caller of fetch gave. */
export type Answer = (signal: AbortSignal) => Promise<Partial<Delivery>>;

export const goodOutput = '<<<check_mk>>>\nVersion: 2.4.0\n';

/** Delivers good output, or what is said otherwise. */
export function delivers(delivery: Partial<Delivery> = {}): Answer {
  return async () => delivery;
}

export function fails(error: Error): Answer {
  return () => Promise.reject(error);
}

/** Waits until it is told to end, and then ends as the contract says. */
export const hangs: Answer = (signal) =>
  new Promise((_, reject) => {
    const end = () => reject(signal.reason);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });

/**
 * A source of that name. Its calls go to `calls` as `a open`, `a fetch web01`, `a acknowledge`
 * and `a close`.
 */
export function makeStep(
  name: string,
  answer: Answer,
  calls: string[],
  uri = `fake://${name}/{host}`,
): SourceStep {
  const acknowledge = async () => {
    calls.push(`${name} acknowledge`);
  };
  const module = defineTransport({
    options: {},
    traits: { concurrency: 1, consumes: true },
    open: async () => {
      calls.push(`${name} open`);
      return {
        fetch: async ({ host }, signal) => {
          calls.push(`${name} fetch ${host}`);
          const delivery = await answer(signal);
          const origin = `${name}'s output`;
          const output = Buffer.from(goodOutput);
          return { output, origin, producedAt: undefined, acknowledge, ...delivery };
        },
        close: async () => {
          calls.push(`${name} close`);
        },
      };
    },
  });
  return { name, module, source: { uri: parseSourceUri(uri), options: {} } };
}
