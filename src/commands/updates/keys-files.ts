/** `cmk-courier updates keys create`, `list` and `passphrase`. */

import { type CommandModule, defineCommand } from '../../cli/command.ts';
import { parsePath } from '../../cli/option-types.ts';
import type { OptionTable } from '../../cli/options.ts';
import { passphraseOptions } from '../../updates/keys/passphrases.ts';
import { directoryOption } from '../../updates/repository/places.ts';
import { replaceAfterOption, requireOperands } from './root-options.ts';

const createOptions = {
  replaceAfter: replaceAfterOption,
  ...passphraseOptions,
  dir: directoryOption,
} as const satisfies OptionTable;

export const create: CommandModule = defineCommand({
  summary: 'make a key with a passphrase',
  usage: 'updates keys create KEY',
  examples: [
    ['updates keys create ada', 'asks for a passphrase; nothing trusts the key yet'],
    ['updates keys create ada --dir=/media/ada/keys', 'on a stick that is kept in a safe'],
  ],
  options: createOptions,
  keepsFiles: { options: ['dir'] },
  run: async (operands, values, context) => {
    requireOperands('updates keys create', operands, ['a name for the key']);
    const { createKey } = await import('../../updates/trust/key-verbs.ts');
    await createKey(operands[0] ?? '', values, context);
  },
});

export const list: CommandModule = defineCommand({
  summary: 'show the keys, and what each is trusted for',
  usage: 'updates keys list',
  examples: [['updates keys list --json', 'for programs']],
  options: { json: { kind: 'switch', describe: 'print JSON' }, dir: directoryOption },
  run: async (operands, values, context) => {
    requireOperands('updates keys list', operands, []);
    const { showKeys } = await import('../../updates/trust/key-verbs.ts');
    await showKeys(values, context);
  },
});

const changeOptions = {
  newPassphraseFile: {
    kind: 'value',
    placeholder: 'FILE',
    describe: 'file with the new passphrase; asked on the terminal unless given',
    parse: parsePath,
  },
  ...passphraseOptions,
  dir: directoryOption,
} as const satisfies OptionTable;

export const passphrase: CommandModule = defineCommand({
  summary: 'give a key another passphrase',
  usage: 'updates keys passphrase KEY',
  examples: [['updates keys passphrase ada', 'asks for the old one, then twice for the new one']],
  options: changeOptions,
  keepsFiles: { options: ['dir'] },
  run: async (operands, values, context) => {
    requireOperands('updates keys passphrase', operands, ['the name of a key']);
    const { changePassphrase } = await import('../../updates/trust/key-verbs.ts');
    await changePassphrase(operands[0] ?? '', values, context);
  },
});
