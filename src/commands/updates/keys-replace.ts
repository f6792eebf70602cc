/** `cmk-courier updates keys rotate` and `revoke`. */

import { type CommandModule, defineCommand } from '../../cli/command.ts';
import type { OptionTable } from '../../cli/options.ts';
import { parseAlias } from '../../updates/keys/key-ring.ts';
import { requireOperands, rootOptions } from './root-options.ts';

export const rotate: CommandModule = defineCommand({
  summary: 'replace a key by another in steps that no host notices',
  usage: 'updates keys rotate KEY NEW',
  examples: [
    ['updates keys rotate ada ada2', 'makes ada2 and trusts both; then sign, publish, and wait'],
    ['updates keys rotate ada ada2', 'again: drops ada, or says which hosts still need it'],
  ],
  options: rootOptions,
  keepsFiles: { options: ['dir'] },
  run: async (operands, values, context) => {
    requireOperands('updates keys rotate', operands, ['a key', 'a name for the new one']);
    const { rotateKey } = await import('../../updates/trust/replacing.ts');
    await rotateKey([operands[0] ?? '', operands[1] ?? ''], values, context);
  },
});

const revokeOptions = {
  replacement: {
    kind: 'value',
    placeholder: 'NEW',
    describe: 'trust this key in its place, and make it if it is not there',
    parse: parseAlias,
  },
  ...rootOptions,
} as const satisfies OptionTable;

export const revoke: CommandModule = defineCommand({
  summary: 'take back a key that was stolen, at once',
  usage: 'updates keys revoke KEY',
  examples: [
    [
      'updates keys revoke ada --replacement=ada2',
      'what ada signed is believed no more, whatever its counter; says what is left to do',
    ],
  ],
  options: revokeOptions,
  keepsFiles: { options: ['dir'] },
  run: async (operands, values, context) => {
    requireOperands('updates keys revoke', operands, ['a key: its name or fingerprint']);
    const { revokeKey } = await import('../../updates/trust/replacing.ts');
    await revokeKey(operands[0] ?? '', values, context);
  },
});
