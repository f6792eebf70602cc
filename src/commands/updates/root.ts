/** `cmk-courier updates root`: what hosts trust. A table of what there is. */

import { type CommandModule, defineGroup } from '../../cli/command.ts';

export const root: CommandModule = defineGroup('updates root', {
  summary: 'what hosts trust: keys, how many of them have to sign, and servers',
  examples: [
    ['updates root init --server=https://site.example:8444', 'the first one, with one new key'],
    ['updates root show', 'what hosts trust, and what ends soon'],
  ],
  commands: {
    init: {
      summary: 'make the first root, with a key that signs everything',
      load: async () => (await import('./root-init.ts')).init,
    },
    show: {
      summary: 'show what hosts trust, and what ends soon',
      load: async () => (await import('./root-init.ts')).show,
    },
  },
});
