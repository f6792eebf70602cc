/** `cmk-courier page-token`: who may log in to the status page. */

import { type CommandContext, type CommandModule, defineCommand } from '../cli/command.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import { withFlag } from '../cli/options.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { describeVerb } from '../names/nearest.ts';
import { parseTokenName, TokenFile } from '../status-page/access/tokens.ts';
import { findPageDirectory, statusPageOptions } from '../status-page/options.ts';

const verbs = ['create', 'list', 'remove'];

const options = { statusState: statusPageOptions.statusState } as const satisfies OptionTable;

export const pageToken: CommandModule = defineCommand({
  summary: 'say who may log in to the status page',
  usage: 'page-token create NAME | list | remove NAME',
  examples: [
    ['page-token create ada', 'prints a token, once; whoever has it logs in as ada'],
    ['page-token list', 'names, and when each token was made'],
    ['page-token remove ada', 'ends her sessions as well'],
  ],
  options,
  keepsFiles: { options: ['statusState'], verbs: ['create', 'remove'] },
  run,
});

async function run(
  [verb, given, more]: readonly string[],
  { statusState }: OptionValues<typeof options>,
  { env, clock, writeOutput }: CommandContext,
): Promise<void> {
  const directory = statusState ?? findPageDirectory(env);
  if (directory === undefined) {
    throw new CourierError('USAGE', '--status-state is missing: neither OMD_ROOT nor HOME is set');
  }
  const file = new TokenFile(directory);
  const print = (text: string) => writeOutput(Buffer.from(text));
  if (more !== undefined) throw new CourierError('USAGE', `${quote(more)} is one word too many`);
  if (verb === 'list') {
    const lines = (await file.read()).map(({ name, madeAt }) => `${name} ${madeAt}\n`);
    return print(lines.join(''));
  }
  if (verb !== 'create' && verb !== 'remove') {
    throw new CourierError('USAGE', `${describeVerb(verb, verbs)}; --help says more`);
  }
  if (given === undefined) throw new CourierError('USAGE', `${verb} needs a name`);
  const name = withFlag(verb, () => parseTokenName(given));
  if (verb === 'create') return print(`${await file.create(name, new Date(clock.now()))}\n`);
  if (!(await file.remove(name)))
    throw new CourierError('USAGE', `nobody is called ${quote(name)} here`);
}
