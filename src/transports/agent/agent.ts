/** `agent:NAME`: what a special agent makes of what a system answers. */

import type { Environment } from '../../cli/environment.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import { loadAgent } from '../../special-agents/catalog.ts';
import { runInOwnProcess } from '../../special-agents/in-own-process.ts';
import { findOwnProgram, type OwnProgram } from '../../special-agents/own-program.ts';
import { type AgentCall, runAgent } from '../../special-agents/run-agent.ts';
import { ownOptions } from '../../special-agents/run-options.ts';
import type { SpecialAgent } from '../../special-agents/special-agent.ts';
import type { SourceUri } from '../source.ts';
import { defineTransport, type TransportModule } from '../transport.ts';

/** What is known where no agent is named; each has options of its own. */
export const agent: TransportModule = defineTransport({
  options: ownOptions,
  traits: { concurrency: 8, consumes: false },
  open: async (uri) => {
    throw new CourierError('INTERNAL', `${uri.text} was opened without its agent`);
  },
});

/**
 * The transport of one agent.
 *
 * @throws CourierError USAGE when there is no such agent; CONFIG or LOCAL about its recipe
 */
export async function loadAgentTransport(
  uri: SourceUri,
  env: Environment,
): Promise<TransportModule> {
  return toTransport(await loadAgent(parseAgentUri(uri.text), env), findOwnProgram);
}

/**
 * Here it is decided where an agent runs: a recipe never in this process, which may be one that
 * serves others.
 *
 * @param findProgram what an agent in a process of its own is started with
 */
export function toTransport(
  special: SpecialAgent,
  findProgram: () => Promise<OwnProgram>,
): TransportModule {
  return defineTransport({
    options: special.options,
    traits: { concurrency: 8, consumes: false },
    async open(uri, _options, context, raw) {
      const own = special.isolation === 'process' ? await findProgram() : undefined;
      return {
        async fetch({ host, address }, signal) {
          signal.throwIfAborted();
          const call: AgentCall = { ...context, host, address, signal };
          const output =
            own === undefined
              ? await runAgent(special, raw, call)
              : await runInOwnProcess(special, raw, call, own);
          return {
            output,
            origin: uri.text,
            producedAt: undefined,
            proof: 'way',
            async acknowledge() {},
          };
        },
      };
    },
  });
}

/** @throws CourierError USAGE */
export function parseAgentUri(uri: string): string {
  const [, name] = /^agent:([^/?#{}]+)$/i.exec(uri) ?? [];
  if (name !== undefined) return name;
  throw new CourierError('USAGE', `an agent: source is agent:NAME, not ${quote(uri)}`);
}
