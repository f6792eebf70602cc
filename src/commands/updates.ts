/** `cmk-courier updates`: agents of hosts, signed and handed out. A table of what there is. */

import { type CommandModule, defineGroup } from '../cli/command.ts';

export const updates: CommandModule = defineGroup('updates', {
  summary: 'sign agents and their plug-ins, and hand them out to hosts that install them',
  examples: [
    [
      'updates root init --server=https://site.example:8444',
      'one key, and the root that hosts trust',
    ],
    ['updates init', 'a commented updates.yaml: what runs on which host'],
    ['updates bake', 'packages of it, one for each distinct content'],
    ['updates on', 'hand out what is published'],
  ],
  commands: {
    keys: {
      summary: 'keys that sign: make, show, replace and take them back',
      load: async () => (await import('./updates/keys.ts')).keys,
    },
    root: {
      summary: 'what hosts trust: keys, how many of them have to sign, and servers',
      load: async () => (await import('./updates/root.ts')).root,
    },
    init: {
      summary: 'make a commented updates.yaml, and its schema for editors',
      load: async () => (await import('./updates/configuration.ts')).init,
    },
    validate: {
      summary: 'tell every mistake in updates.yaml, with its line',
      load: async () => (await import('./updates/configuration.ts')).validate,
    },
    schema: {
      summary: 'print the schema of updates.yaml, for editors',
      load: async () => (await import('./updates/configuration.ts')).schema,
    },
    explain: {
      summary: 'show what holds for a host, and from which rule each of it is',
      load: async () => (await import('./updates/configuration.ts')).explain,
    },
    'from-checkmk': {
      summary: "print what Checkmk's own updater is told on a host as a rule of updates.yaml",
      load: async () => (await import('./updates/from-checkmk.ts')).fromCheckmk,
    },
    bake: {
      summary: 'make one package for each distinct content, and plan which host gets which',
      load: async () => (await import('./updates/bake.ts')).bake,
    },
    'import-package': {
      summary: 'take a package that somebody else made, to be signed and installed as it is',
      load: async () => (await import('./updates/import-package.ts')).importPackage,
    },
    sign: {
      summary: 'sign what `updates bake` made, here or on a machine without network',
      load: async () => (await import('./updates/sign.ts')).sign,
    },
    publish: {
      summary: 'let what is signed hold, in the stages that updates.yaml wants',
      load: async () => (await import('./updates/sign.ts')).publish,
    },
    rollout: {
      summary: 'stages: how far a rollout has come; hold it, go on, open the next one',
      load: async () => (await import('./updates/rollout.ts')).rollout,
    },
    simulate: {
      summary: 'play a rollout through with hosts that are made up, and show what its gates do',
      load: async () => (await import('./updates/simulate.ts')).simulate,
    },
    installer: {
      summary:
        'print a script that installs the updater on a host, registers it, and installs its agent',
      load: async () => (await import('./updates/installer.ts')).installer,
    },
    on: {
      summary: 'hand out what is published',
      load: async () => (await import('./updates/switch.ts')).on,
    },
    off: {
      summary: 'offer nothing to any host, until it is turned on again',
      load: async () => (await import('./updates/switch.ts')).off,
    },
    status: {
      summary: 'what each host has and is to have, the worst first',
      load: async () => (await import('./updates/status.ts')).status,
    },
    why: {
      summary: 'why a host is offered what it is, and which rules select it',
      load: async () => (await import('./updates/why.ts')).why,
    },
    'register-token': {
      summary: 'print a token that a host registers with, once and soon',
      load: async () => (await import('./updates/register-token.ts')).registerToken,
    },
    hosts: {
      summary: 'revoke, exclude or forget single hosts, and let them take another secret',
      load: async () => (await import('./updates/hosts.ts')).hosts,
    },
    sites: {
      summary: 'which site hands updates on to which hosts',
      load: async () => (await import('./updates/sites.ts')).sites,
    },
    section: {
      summary: 'print the section that shows updates in Checkmk, for a host that cannot report',
      load: async () => (await import('./updates/status.ts')).section,
    },
    backup: {
      summary: 'put keys, roots, targets, packages and hosts into one file',
      load: async () => (await import('./updates/backup.ts')).backup,
    },
    restore: {
      summary: 'take a backup back, with a counter above all that may have been used since',
      load: async () => (await import('./updates/backup.ts')).restore,
    },
    move: {
      summary: 'move updates to another server, without touching a host',
      load: async () => (await import('./updates/move.ts')).move,
    },
    audit: {
      summary: 'who decided what, and when',
      load: async () => (await import('./updates/audit.ts')).audit,
    },
  },
});
