/** `cmk-courier updates move`: to another server, without touching a host. */

import { type CommandModule, defineCommand, defineGroup } from '../../cli/command.ts';
import { parseText } from '../../cli/option-types.ts';
import type { OptionTable } from '../../cli/options.ts';
import { directoryOption } from '../../updates/repository/places.ts';
import { parseServer } from './root-init.ts';
import { requireOperands } from './root-options.ts';

const options = { dir: directoryOption } as const satisfies OptionTable;

const exportOptions = {
  to: {
    kind: 'value',
    placeholder: 'URL',
    describe: 'the server it moves to; the newest root has to name it',
    parse: parseServer,
    required: true,
  },
  ...options,
} as const satisfies OptionTable;

const leave: CommandModule = defineCommand({
  summary: 'put everything into one file, and answer hosts with nothing but roots from then on',
  usage: 'updates move export FILE --to=URL',
  examples: [
    ['updates move export updates.tar.gz --to=https://new.example:8000/site', 'it holds secrets'],
  ],
  options: exportOptions,
  keepsFiles: { options: ['dir'] },
  run: async (operands, { to, dir }, context) => {
    requireOperands('updates move export', operands, ['a file to write']);
    const [{ moveAway }, { updatePlaces }] = await Promise.all([
      import('../../updates/recovery/house.ts'),
      import('../../updates/repository/places.ts'),
    ]);
    const [path = ''] = operands;
    const places = updatePlaces(context.env, dir);
    const { bytes, rootVersion, behind } = await moveAway(places, { path, to }, context);
    const lines = [
      `${bytes} bytes in ${path}; it holds secrets`,
      'from now on this server answers hosts with roots alone, and signs and publishes nothing',
      ...(behind === 0 ? [] : [`${behind} hosts have still to fetch root ${rootVersion} here`]),
      `next, on ${to}: cmk-courier updates move import ${path}`,
    ];
    await context.writeOutput(Buffer.from(`${lines.join('\n')}\n`));
  },
});

const arrive: CommandModule = defineCommand({
  summary: 'take over the state of another server, where there is none yet',
  usage: 'updates move import FILE',
  examples: [
    ['updates move import updates.tar.gz', 'hosts, secrets, counters, keys and all roots'],
  ],
  options,
  keepsFiles: { options: ['dir'] },
  run: async (operands, { dir }, context) => {
    requireOperands('updates move import', operands, ['a file that `updates move export` wrote']);
    const [{ restore }, { updatePlaces }] = await Promise.all([
      import('../../updates/recovery/backup.ts'),
      import('../../updates/repository/places.ts'),
    ]);
    const { directory } = updatePlaces(context.env, dir);
    const { rootVersion, counter } = await restore(directory, operands[0] ?? '', context);
    const lines = [
      `taken over: root ${rootVersion} is the newest, counters go on above ${counter}`,
      'next, once `updates status` shows that all hosts ask here: `cmk-courier updates root server` with this address alone',
    ];
    await context.writeOutput(Buffer.from(`${lines.join('\n')}\n`));
  },
});

const undo: CommandModule = defineCommand({
  summary: 'answer hosts here again, because the move did not take place',
  usage: 'updates move undo',
  examples: [['updates move undo', 'only when the other server answers nobody']],
  options: {
    confirm: {
      kind: 'value',
      placeholder: 'URL',
      describe: 'the address that is to be typed',
      parse: parseText,
    },
    ...options,
  },
  keepsFiles: { options: ['dir'] },
  run: async (operands, { confirm, dir }, context) => {
    requireOperands('updates move undo', operands, []);
    const { undoMove } = await import('../../updates/recovery/house.ts');
    await undoMove(dir, confirm, context);
  },
});

export const move: CommandModule = defineGroup('updates move', {
  summary: 'move updates to another server, without touching a host',
  examples: [
    [
      'updates root server https://new.example:8000/site https://old.example:8000/site',
      'first: hosts learn of both',
    ],
    [
      'updates move export updates.tar.gz --to=https://new.example:8000/site',
      'then, on the old one',
    ],
    ['updates move import updates.tar.gz', 'and on the new one'],
  ],
  commands: {
    export: { summary: leave.summary, load: async () => leave },
    import: { summary: arrive.summary, load: async () => arrive },
    undo: { summary: undo.summary, load: async () => undo },
  },
});
