/** `cmk-courier updates backup` and `restore`. */

import { type CommandModule, defineCommand } from '../../cli/command.ts';
import { directoryOption } from '../../updates/repository/places.ts';
import { requireOperands } from './root-options.ts';

const options = { dir: directoryOption } as const;

export const backup: CommandModule = defineCommand({
  summary: 'put keys, roots, targets, packages and hosts into one file',
  usage: 'updates backup FILE',
  examples: [
    ['updates backup /backup/updates.tar.gz', 'it holds secrets: keep it as you keep those'],
  ],
  options,
  keepsFiles: { options: ['dir'] },
  run: async (operands, { dir }, context) => {
    requireOperands('updates backup', operands, ['a file to write']);
    const [{ backUp }, { updatePlaces }] = await Promise.all([
      import('../../updates/recovery/backup.ts'),
      import('../../updates/repository/places.ts'),
    ]);
    const path = operands[0] ?? '';
    const bytes = await backUp(updatePlaces(context.env, dir), path, context);
    await context.writeOutput(Buffer.from(`${bytes} bytes in ${path}; it holds secrets\n`));
  },
});

export const restore: CommandModule = defineCommand({
  summary: 'take a backup back, with a counter above all that may have been used since',
  usage: 'updates restore FILE',
  examples: [['updates restore /backup/updates.tar.gz', 'where there is no state yet']],
  options,
  keepsFiles: { options: ['dir'] },
  run: async (operands, { dir }, context) => {
    requireOperands('updates restore', operands, ['a file that `updates backup` wrote']);
    const [{ restore: run }, { updatePlaces }] = await Promise.all([
      import('../../updates/recovery/backup.ts'),
      import('../../updates/repository/places.ts'),
    ]);
    const { directory } = updatePlaces(context.env, dir);
    const { rootVersion, counter } = await run(directory, operands[0] ?? '', context);
    const lines = [
      `restored: root ${rootVersion} is the newest, counters go on above ${counter}`,
      `hosts that know a newer root need its file in ${directory}/roots`,
      'next: `cmk-courier updates sign --all` and `cmk-courier updates publish`, since hosts may have newer targets',
    ];
    await context.writeOutput(Buffer.from(`${lines.join('\n')}\n`));
  },
});
