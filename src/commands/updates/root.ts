/** `cmk-courier updates root`: what hosts trust. A table of what there is. */

import { type CommandModule, defineGroup } from '../../cli/command.ts';

export const root: CommandModule = defineGroup('updates root', {
  summary: 'what hosts trust: keys, how many of them have to sign, and servers',
  examples: [
    ['updates root init --server=https://site.example:8444', 'the first one, with one new key'],
    ['updates root show', 'what hosts trust, and what ends soon'],
    ['updates root threshold 2 ada bob eve', 'two of three keys have to sign from now on'],
    ['updates root server https://new.example:8444', 'hosts move to another server'],
    ['updates root renew', 'before it ends'],
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
    'add-key': {
      summary: 'trust a further key',
      load: async () => (await import('./root-keys.ts')).addKey,
    },
    'drop-key': {
      summary: 'trust a key no longer, once no host depends on it',
      load: async () => (await import('./root-keys.ts')).dropKey,
    },
    threshold: {
      summary: 'say how many keys have to sign, and make those that are missing',
      load: async () => (await import('./root-keys.ts')).threshold,
    },
    'stamp-key': {
      summary: 'replace the key with which the server answers hosts',
      load: async () => (await import('./root-keys.ts')).stampKey,
    },
    server: {
      summary: 'say at which addresses hosts ask',
      load: async () => (await import('./root-places.ts')).server,
    },
    ca: {
      summary: 'say which authorities hosts trust for https, and no others',
      load: async () => (await import('./root-places.ts')).authorities,
    },
    renew: {
      summary: 'the same again, with a later end',
      load: async () => (await import('./root-places.ts')).renew,
    },
    sign: {
      summary: 'sign what is drafted, here or on another machine',
      load: async () => (await import('./root-sign.ts')).sign,
    },
    discard: {
      summary: 'throw away what is drafted',
      load: async () => (await import('./root-sign.ts')).discard,
    },
  },
});
