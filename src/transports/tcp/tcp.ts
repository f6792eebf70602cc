/** `tcp:`: the agent port, in every way a Checkmk agent may answer on it (agent-port.md). */

import { readSecret } from '../../secrets/secret-options.ts';
import { untilAborted } from '../../system/until-aborted.ts';
import { defineTransport, type OpenContext } from '../transport.ts';
import { exchange } from './exchange.ts';
import { checkOptions, type TcpOptions, tcpOptions } from './options.ts';
import { checkPlace, placeOf } from './place.ts';
import { findUuid } from './registration.ts';

export const tcp = defineTransport({
  options: tcpOptions,
  traits: { concurrency: 64, consumes: false },
  async open(uri, options, context) {
    checkOptions(options);
    checkPlace(uri);
    warn(options, context);
    const passphrase = await readSecret(options, 'passphrase', context);
    return {
      async fetch(target, signal) {
        signal.throwIfAborted();
        const place = placeOf(uri, target);
        const uuid = await untilAborted(uuidOf(target.host, options, context), signal);
        const settings = { place, uuid, passphrase, options, context };
        const output = await untilAborted(exchange(settings, signal), signal);
        return {
          output,
          origin: `tcp://${place.shown}`,
          // The agent ran while we waited.
          producedAt: new Date(context.clock.now()),
          async acknowledge() {},
        };
      },
    };
  },
});

/** Named, or known to the site we run on. */
async function uuidOf(
  host: string,
  { uuid, treatAsUnregistered }: TcpOptions,
  { env }: OpenContext,
): Promise<string | undefined> {
  const root = env['OMD_ROOT'];
  if (uuid !== undefined || treatAsUnregistered || !root) return uuid;
  return findUuid(host, root);
}

function warn({ treatAsUnregistered }: TcpOptions, { log }: OpenContext): void {
  if (!treatAsUnregistered) return;
  log.warn({}, '--treat-as-unregistered: hosts need not speak TLS, even where they are registered');
}
