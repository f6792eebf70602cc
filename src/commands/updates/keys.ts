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
    ['updates keys revoke ada --replacement=ada2', 'ada was stolen'],
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
    export: {
      summary: 'print a key in PEM: its public half, a certificate, or itself with a passphrase',
      load: async () => (await import('./keys-move.ts')).exportKey,
    },
    import: {
      summary: 'take over a private key in PEM',
      load: async () => (await import('./keys-move.ts')).importKey,
    },
    rotate: {
      summary: 'replace a key by another in steps that no host notices',
      load: async () => (await import('./keys-replace.ts')).rotate,
    },
    revoke: {
      summary: 'take back a key that was stolen, at once',
      load: async () => (await import('./keys-replace.ts')).revoke,
    },
  },
});
