/** `cmk-courier updates root add-key`, `drop-key`, `threshold` and `stamp-key`. */

import { type CommandModule, defineCommand } from '../../cli/command.ts';
import type { OptionTable } from '../../cli/options.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import { confirmOptions, parseRoles, requireOperands, rootOptions } from './root-options.ts';

const roleOption = {
  role: {
    kind: 'value',
    placeholder: 'ROLES',
    describe: 'root, release or root,release',
    parse: parseRoles,
    fallback: 'root,release',
  },
} as const satisfies OptionTable;

export const addKey: CommandModule = defineCommand({
  summary: 'trust a further key',
  usage: 'updates root add-key KEY',
  examples: [
    ['updates root add-key bob', 'a key that `updates keys create` made here'],
    [
      'updates root add-key bob.pub --role=release',
      'the public half of one that is kept elsewhere',
    ],
  ],
  options: { ...roleOption, ...rootOptions },
  keepsFiles: { options: ['dir'] },
  run: async (operands, values, context) => {
    requireOperands('updates root add-key', operands, ['a key: its name or a file']);
    const { addTrustedKey } = await import('../../updates/trust/root-verbs.ts');
    await addTrustedKey(operands[0] ?? '', values, context);
  },
});

export const dropKey: CommandModule = defineCommand({
  summary: 'trust a key no longer, once no host depends on it',
  usage: 'updates root drop-key KEY',
  examples: [
    ['updates root drop-key bob', 'refused while hosts have not taken the root without it'],
    ['updates root drop-key bob --role=root', 'it goes on signing releases'],
  ],
  options: { ...roleOption, ...confirmOptions, ...rootOptions },
  keepsFiles: { options: ['dir'] },
  run: async (operands, values, context) => {
    requireOperands('updates root drop-key', operands, ['a key: its name or fingerprint']);
    const { dropTrustedKey } = await import('../../updates/trust/root-verbs.ts');
    await dropTrustedKey(operands[0] ?? '', values, context);
  },
});

export const threshold: CommandModule = defineCommand({
  summary: 'say how many keys have to sign, and make those that are missing',
  usage: 'updates root threshold NUMBER [KEY…]',
  examples: [
    ['updates root threshold 2 ada bob eve', 'two of three; keys that are not there are made'],
    [
      'updates root threshold 1 --role=release',
      'one is enough for releases, as many as before for roots',
    ],
  ],
  options: { ...roleOption, ...rootOptions },
  keepsFiles: { options: ['dir'] },
  run: async ([number = '', ...names], values, context) => {
    if (!/^([1-9]|1[0-6])$/.test(number)) {
      throw new CourierError('USAGE', `a number from 1 to 16 is needed, not ${quote(number)}`);
    }
    const { setThreshold } = await import('../../updates/trust/root-verbs.ts');
    await setThreshold(Number(number), names, values, context);
  },
});

export const stampKey: CommandModule = defineCommand({
  summary: 'replace the key with which the server answers hosts',
  usage: 'updates root stamp-key',
  examples: [['updates root stamp-key', 'a new one; the old one is good for nothing from then on']],
  options: rootOptions,
  keepsFiles: { options: ['dir'] },
  run: async (operands, values, context) => {
    requireOperands('updates root stamp-key', operands, []);
    const { replaceStampKey } = await import('../../updates/trust/root-verbs.ts');
    await replaceStampKey(values, context);
  },
});
