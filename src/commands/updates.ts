/** `cmk-courier updates`: agents of hosts, signed and handed out. A table of what there is. */

import { type CommandModule, defineGroup } from '../cli/command.ts';

export const updates: CommandModule = defineGroup('updates', {
  summary: 'sign agents and their plug-ins, and hand them out to hosts that install them',
  examples: [['updates on', 'hand out what is published']],
  commands: {
    on: {
      summary: 'hand out what is published',
      load: async () => (await import('./updates/switch.ts')).on,
    },
    off: {
      summary: 'offer nothing to any host, until it is turned on again',
      load: async () => (await import('./updates/switch.ts')).off,
    },
    audit: {
      summary: 'who decided what, and when',
      load: async () => (await import('./updates/audit.ts')).audit,
    },
  },
});
