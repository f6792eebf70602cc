/** `tcp:`: the agent port, in every way a Checkmk agent may answer on it (agent-port.md). */

import { readSecret } from '../../secrets/secret-options.ts';
import { untilAborted } from '../../system/until-aborted.ts';
import { defineTransport, type OpenContext } from '../transport.ts';
import { fetchFromAgent } from './conversation.ts';
import { findRegistration } from './known-host.ts';
import { checkTcpOptions, type TcpOptions, tcpOptions } from './options.ts';
import { checkAgentUri, locateAgent } from './place.ts';

export const tcp = defineTransport({
  options: tcpOptions,
  traits: { concurrency: 64, consumes: false },
  async open(uri, options, context) {
    checkTcpOptions(options);
    checkAgentUri(uri);
    warn(options, context);
    const passphrase = await readSecret(options, 'passphrase', context);
    return {
      async fetch(target, signal) {
        signal.throwIfAborted();
        const place = locateAgent(uri, target);
        const looking = findRegistration(target.host, options, context.env);
        const registration = await untilAborted(looking, signal);
        const settings = { place, registration, passphrase, options, context };
        const got = await untilAborted(fetchFromAgent(settings, signal), signal);
        return {
          output: got.output,
          origin: `tcp://${place.shown}`,
          // The agent runs when it is asked, so its output was made now.
          producedAt: new Date(context.clock.now()),
          // Through TLS the certificate of the agent has been checked; without TLS nothing is
          // proved.
          ...(got.isSecured ? { proof: 'way' } : {}),
          async acknowledge() {},
        };
      },
    };
  },
});

function warn({ treatAsUnregistered }: TcpOptions, { log }: OpenContext): void {
  if (!treatAsUnregistered) return;
  log.warn({}, '--treat-as-unregistered: hosts need not speak TLS, even where they are registered');
}
