/** `cmk-courier updates keys`: keys that sign. A table of what there is. */

import { type CommandModule, defineGroup } from '../../cli/command.ts';

export const keys: CommandModule = defineGroup('updates keys', {
  summary: 'keys that sign: make, show, replace and take them back',
  examples: [
    ['updates keys create ada', 'a key with a passphrase; `updates root add-key ada` trusts it'],
    ['updates keys list', 'what each is trusted for, and when it is to be replaced'],
    [
      'updates keys rotate ada ada2',
      'replace a key without touching a host; run it again to go on',
    ],
  ],
  commands: {
    create: {
      summary: 'make a key with a passphrase',
      load: async () => (await import('./keys-files.ts')).create,
    },
    list: {
      summary: 'show the keys, and what each is trusted for',
      load: async () => (await import('./keys-files.ts')).list,
    },
    passphrase: {
      summary: 'give a key another passphrase',
      load: async () => (await import('./keys-files.ts')).passphrase,
    },
  },
});
