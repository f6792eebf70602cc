/** `cmk-courier completion`: what makes the TAB key useful. */

import { type CommandContext, type CommandModule, defineCommand } from '../cli/command.ts';
import type { OptionTable } from '../cli/options.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { shells } from '../setup/completion/answer.ts';

const options = {} as const satisfies OptionTable;

export const completion: CommandModule = defineCommand({
  summary: 'print what bash, zsh or fish need to complete command lines',
  usage: 'completion bash | zsh | fish',
  examples: [
    [`completion bash > ~/.local/share/bash-completion/completions/cmk-courier`, 'for bash'],
    ['completion zsh > ~/.zfunc/_cmk-courier', 'for zsh, with ~/.zfunc in its fpath'],
    ['completion fish > ~/.config/fish/completions/cmk-courier.fish', 'for fish'],
  ],
  options,
  run: async (operands, _, context) => run(operands, context),
});

async function run([verb, ...words]: readonly string[], context: CommandContext): Promise<void> {
  if (verb === 'answer') return answer(words, context);
  const shell = shells.find((known) => known === verb);
  if (shell === undefined) {
    const what = verb === undefined ? 'a shell is missing' : `no completion for ${quote(verb)}`;
    throw new CourierError('USAGE', `${what}; there are bash, zsh and fish`);
  }
  const [extra] = words;
  if (extra !== undefined)
    throw new CourierError('USAGE', `completion ${shell} takes nothing more`);
  const { scripts } = await import('../setup/completion/scripts.ts');
  await context.writeOutput(Buffer.from(scripts[shell]));
}

/** What the scripts ask; only they know of it. */
async function answer(
  [shell, ...typed]: readonly string[],
  { env, writeOutput }: CommandContext,
): Promise<void> {
  const [{ joinBroken, toAnswer, unquote }, { findCandidates }, { commands }, { catalog }] =
    await Promise.all([
      import('../setup/completion/answer.ts'),
      import('../setup/completion/candidates.ts'),
      import('./catalog.ts'),
      import('../transports/catalog.ts'),
    ]);
  const isBash = shell === 'bash';
  const { words, cut } = isBash ? joinBroken(typed.map(unquote)) : { words: typed, cut: '' };
  const candidates = await findCandidates(words, {
    commands,
    schemes: catalog,
    env,
    findHosts: async ({ findValue }) => {
      const { findHostNames } = await import('../collector/host-names.ts');
      const named = {
        routes: findValue('routes'),
        state: findValue('state'),
        spool: findValue('spool'),
      };
      return findHostNames(named, env);
    },
  });
  await writeOutput(Buffer.from(toAnswer(candidates, !isBash, cut)));
}
