/** `cmk-courier updates register-token`: what a host registers with, once. */

import { type CommandModule, defineCommand } from '../../cli/command.ts';
import { printJson } from '../../cli/json-document.ts';
import { parsePositiveDuration } from '../../cli/option-types.ts';
import type { OptionTable } from '../../cli/options.ts';
import { directoryOption } from '../../updates/repository/places.ts';
import { requireHostOperand } from './host-operand.ts';

const options = {
  validFor: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'how long the host has time to register',
    parse: parsePositiveDuration,
    fallback: '1h',
  },
  json: { kind: 'switch', describe: 'print JSON' },
  dir: directoryOption,
} as const satisfies OptionTable;

export const registerToken: CommandModule = defineCommand({
  summary: 'print a token that a host registers with, once and soon',
  usage: 'updates register-token HOST',
  examples: [
    ['updates register-token web01', 'one line: hand it to `courier-update register` on web01'],
    [
      'updates register-token web01 | ssh web01 courier-update register --server=URL --token-file=-',
      'without showing it to anybody',
    ],
  ],
  options,
  keepsFiles: { options: ['dir'] },
  run: async (operands, { validFor: validMs, json, dir }, context) => {
    const host = requireHostOperand('register-token', operands);
    const [{ makeToken }, { updatePlaces }] = await Promise.all([
      import('../../updates/server/administration.ts'),
      import('../../updates/repository/places.ts'),
    ]);
    const made = await makeToken(updatePlaces(context.env, dir), { host, validMs }, context);
    if (json) return printJson({ host, ...made }, context);
    await context.writeOutput(Buffer.from(`${made.token}\n`));
  },
});
