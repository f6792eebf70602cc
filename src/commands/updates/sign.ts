/** `cmk-courier updates sign` and `publish`. */

import { type CommandModule, defineCommand } from '../../cli/command.ts';
import { parsePositiveDuration } from '../../cli/option-types.ts';
import type { OptionTable } from '../../cli/options.ts';
import { directoryOption } from '../../updates/repository/places.ts';
import { requireOperands, signingOptions } from './root-options.ts';
import { batchOptions } from './root-sign.ts';

const options = {
  all: {
    kind: 'switch',
    describe:
      'sign all targets anew, not only those that change, end within half of their life, or miss a signature',
  },
  valid: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'how long a target is good; hosts keep what they have when it ends',
    parse: parsePositiveDuration,
    fallback: '365d',
  },
  ...batchOptions,
  ...signingOptions,
} as const satisfies OptionTable;

export const sign: CommandModule = defineCommand({
  summary: 'sign what `updates bake` made, here or on a machine without network',
  usage: 'updates sign',
  examples: [
    ['updates sign', 'asks for the passphrase of each key that is here and counts'],
    ['updates sign --export=/media/stick/batch', 'on the server, where the key is not'],
    [
      'updates sign --batch=/media/stick/batch --output=/media/stick/signed --dir=keys',
      'where the key is; shows what is signed',
    ],
    ['updates sign --import=/media/stick/signed', 'on the server; again for each further key'],
  ],
  options,
  keepsFiles: { options: ['dir'] },
  run: async (operands, values, context) => {
    requireOperands('updates sign', operands, []);
    const { signTargets } = await import('../../updates/signing/sign-targets.ts');
    await signTargets(values, context);
  },
});

export const publish: CommandModule = defineCommand({
  summary: 'let what is signed hold, in the stages that updates.yaml wants',
  usage: 'updates publish',
  examples: [
    ['updates publish --dry-run', 'which hosts would get something else'],
    ['updates publish', 'hosts hear of it when they ask the next time'],
  ],
  options: {
    dryRun: { kind: 'switch', describe: 'only tell what would change' },
    atOnce: {
      kind: 'switch',
      describe: 'offer it to every host at once, whatever stages updates.yaml has',
    },
    json: { kind: 'switch', describe: 'print JSON' },
    dir: directoryOption,
  },
  keepsFiles: { options: ['dir'] },
  run: async (operands, values, context) => {
    requireOperands('updates publish', operands, []);
    const { publish: run } = await import('../../updates/signing/publishing.ts');
    await run(values, context);
  },
});
