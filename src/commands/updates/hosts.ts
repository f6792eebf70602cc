/** `cmk-courier updates hosts`: what an administrator decides about single hosts. */

import { type CommandModule, defineCommand, defineGroup } from '../../cli/command.ts';
import { parseText } from '../../cli/option-types.ts';
import type { OptionTable } from '../../cli/options.ts';
import { directoryOption } from '../../updates/repository/places.ts';
import type { HostVerb } from '../../updates/server/administration.ts';
import { requireHostOperand } from './host-operand.ts';

const options = { dir: directoryOption } as const satisfies OptionTable;

const excludeOptions = {
  why: {
    kind: 'value',
    placeholder: 'TEXT',
    describe: 'what `updates why` tells whoever asks',
    parse: parseText,
    fallback: 'no reason given',
  },
  ...options,
} as const satisfies OptionTable;

const summaries = {
  revoke: 'from now on its secret is good for nothing; it can register again with a token',
  'rotate-secret': 'let it take another secret when it asks the next time',
  include: 'offer it what is published again',
  forget: 'remove all that is known of it',
} as const satisfies Partial<Record<HostVerb, string>>;

const exclude: CommandModule = defineCommand({
  summary: 'offer it nothing, whatever is published',
  usage: 'updates hosts exclude HOST',
  examples: [["updates hosts exclude web01 --why='frozen until Friday'", 'it keeps what it has']],
  options: excludeOptions,
  keepsFiles: { options: ['dir'] },
  run: async (operands, { why, dir }, context) =>
    change('exclude', operands, { why, dir }, context),
});

export const hosts: CommandModule = defineGroup('updates hosts', {
  summary: 'revoke, exclude or forget single hosts, and let them take another secret',
  examples: [
    ['updates hosts revoke web01', 'a lost or stolen machine'],
    ['updates hosts rotate-secret web01', 'of two machines with one secret, the first one gets it'],
  ],
  commands: {
    revoke: { summary: summaries.revoke, load: async () => define('revoke') },
    'rotate-secret': {
      summary: summaries['rotate-secret'],
      load: async () => define('rotate-secret'),
    },
    exclude: { summary: exclude.summary, load: async () => exclude },
    include: { summary: summaries.include, load: async () => define('include') },
    forget: { summary: summaries.forget, load: async () => define('forget') },
  },
});

function define(verb: keyof typeof summaries): CommandModule {
  return defineCommand({
    summary: summaries[verb],
    usage: `updates hosts ${verb} HOST`,
    examples: [[`updates hosts ${verb} web01`, 'it holds with its next request']],
    options,
    keepsFiles: { options: ['dir'] },
    run: async (operands, { dir }, context) => change(verb, operands, { why: '', dir }, context),
  });
}

async function change(
  verb: HostVerb,
  operands: readonly string[],
  { why, dir }: { readonly why: string; readonly dir: string | undefined },
  context: Parameters<CommandModule['run']>[1],
): Promise<void> {
  const host = requireHostOperand(`hosts ${verb}`, operands);
  const [{ changeHost }, { updatePlaces }] = await Promise.all([
    import('../../updates/server/administration.ts'),
    import('../../updates/repository/places.ts'),
  ]);
  const text = await changeHost(updatePlaces(context.env, dir), { verb, host, why }, context);
  await context.writeOutput(Buffer.from(`${text}\n`));
}
