/** `cmk-courier updates on` and `off`: the master switch. */

import { type CommandModule, defineCommand } from '../../cli/command.ts';
import type { OptionTable } from '../../cli/options.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import { directoryOption } from '../../updates/repository/places.ts';

const options = { dir: directoryOption } as const satisfies OptionTable;

export const on: CommandModule = defineSwitch('on', 'hand out what is published');

export const off: CommandModule = defineSwitch(
  'off',
  'offer nothing to any host, until it is turned on again',
);

function defineSwitch(word: 'on' | 'off', summary: string): CommandModule {
  return defineCommand({
    summary,
    usage: `updates ${word}`,
    examples: [[`updates ${word}`, 'hosts hear of it when they ask the next time']],
    options,
    keepsFiles: { options: ['dir'] },
    run: async ([extra], { dir }, context) => {
      if (extra !== undefined) {
        throw new CourierError('USAGE', `updates ${word} takes no ${quote(extra)}`);
      }
      const { turn } = await import('../../updates/repository/turning.ts');
      await turn(word, dir, context);
    },
  });
}
