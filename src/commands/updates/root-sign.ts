/** `cmk-courier updates root sign` and `discard`. */

import { type CommandModule, defineCommand } from '../../cli/command.ts';
import { parsePath } from '../../cli/option-types.ts';
import type { OptionTable } from '../../cli/options.ts';
import { directoryOption } from '../../updates/repository/places.ts';
import { requireOperands, signingOptions } from './root-options.ts';

export const batchOptions = {
  export: {
    kind: 'value',
    placeholder: 'FILE',
    describe: 'write what is to be signed, for a machine without network',
    parse: parsePath,
  },
  batch: {
    kind: 'value',
    placeholder: 'FILE',
    describe: 'on that machine: sign what was exported',
    parse: parsePath,
  },
  output: {
    kind: 'value',
    placeholder: 'FILE',
    describe: 'on that machine: where what is signed goes',
    parse: parsePath,
  },
  import: {
    kind: 'value',
    placeholder: 'FILE',
    describe: 'take in what was signed; it has to be what was exported, byte for byte',
    parse: parsePath,
  },
} as const satisfies OptionTable;

export const sign: CommandModule = defineCommand({
  summary: 'sign what is drafted, here or on another machine',
  usage: 'updates root sign',
  examples: [
    ['updates root sign', 'with the keys that are here and count'],
    ['updates root sign --export=/media/stick/root', 'on the server'],
    [
      'updates root sign --batch=/media/stick/root --output=/media/stick/signed --dir=keys',
      'where the key is; shows what is signed',
    ],
    ['updates root sign --import=/media/stick/signed', 'on the server; again for each further key'],
  ],
  options: { ...batchOptions, ...signingOptions },
  keepsFiles: { options: ['dir'] },
  run: async (operands, values, context) => {
    requireOperands('updates root sign', operands, []);
    const { signDraft } = await import('../../updates/trust/draft-signing.ts');
    await signDraft(values, context);
  },
});

export const discard: CommandModule = defineCommand({
  summary: 'throw away what is drafted',
  usage: 'updates root discard',
  examples: [['updates root discard', 'the root that holds stays as it is']],
  options: { dir: directoryOption },
  keepsFiles: { options: ['dir'] },
  run: async (operands, values, context) => {
    requireOperands('updates root discard', operands, []);
    const { discardDraft } = await import('../../updates/trust/draft-signing.ts');
    await discardDraft(values, context);
  },
});
