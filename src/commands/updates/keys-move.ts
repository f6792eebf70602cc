/** `cmk-courier updates keys export` and `import`. */

import { type CommandModule, defineCommand } from '../../cli/command.ts';
import { parseOneOf, parsePath } from '../../cli/option-types.ts';
import type { OptionTable } from '../../cli/options.ts';
import { passphraseOptions } from '../../updates/keys/passphrases.ts';
import { directoryOption } from '../../updates/repository/places.ts';
import { replaceAfterOption, requireOperands } from './root-options.ts';

const exportOptions = {
  as: {
    kind: 'value',
    placeholder: 'FORM',
    describe:
      'public: the public half; certificate: self-signed, with its name and when it is to be replaced; private: PKCS#8 under the same passphrase',
    parse: parseOneOf('public', 'certificate', 'private'),
    fallback: 'public',
  },
  ...passphraseOptions,
  dir: directoryOption,
} as const satisfies OptionTable;

export const exportKey: CommandModule = defineCommand({
  summary: 'print a key in PEM: its public half, a certificate, or itself with a passphrase',
  usage: 'updates keys export KEY',
  examples: [
    ['updates keys export ada > ada.pub', 'for `updates root add-key ada.pub` on the server'],
    ['updates keys export ada --as=private > ada.pem', 'for `openssl`, and for safe-keeping'],
  ],
  options: exportOptions,
  run: async (operands, values, context) => {
    requireOperands('updates keys export', operands, ['the name of a key']);
    const { printKey } = await import('../../updates/keys/moving.ts');
    await printKey(operands[0] ?? '', values, context);
  },
});

const importOptions = {
  pemPassphraseFile: {
    kind: 'value',
    placeholder: 'FILE',
    describe: 'file with the passphrase of the PEM; asked on the terminal unless given',
    parse: parsePath,
  },
  replaceAfter: replaceAfterOption,
  ...passphraseOptions,
  dir: directoryOption,
} as const satisfies OptionTable;

export const importKey: CommandModule = defineCommand({
  summary: 'take over a private key in PEM',
  usage: 'updates keys import KEY FILE',
  examples: [
    ['updates keys import ada ada.pem', 'PKCS#8, with a passphrase or without'],
    ['updates keys import old Check_MK-key.pem', 'a signature key that Checkmk has exported'],
  ],
  options: importOptions,
  keepsFiles: { options: ['dir'] },
  run: async (operands, values, context) => {
    requireOperands('updates keys import', operands, ['a name for the key', 'a file']);
    const { takeOverKey } = await import('../../updates/keys/moving.ts');
    await takeOverKey([operands[0] ?? '', operands[1] ?? ''], values, context);
  },
});
