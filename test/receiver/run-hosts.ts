/** `cmk-courier hosts` beside a running receiver. */

import type { RawOptions } from '../../src/cli/options.ts';
import { systemClock } from '../../src/clock.ts';
import { hosts } from '../../src/commands/hosts.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import type { RunningReceiver } from './running-receiver.ts';

/** Runs the command as a person would; resolves with what it prints. */
export async function runHosts(
  { directory }: Pick<RunningReceiver, 'directory'>,
  operands: readonly string[],
  options: RawOptions = {},
): Promise<string> {
  const context = {
    ...makeCommandContext(),
    clock: { ...systemClock, now: Date.now, sleep: async () => undefined },
  };
  const places = { state: [`${directory}/state`], certificates: [`${directory}/certificates`] };
  await hosts.run({ operands, options: { ...places, ...options } }, context);
  return context.said.output;
}
