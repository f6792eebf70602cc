/** `cmk-courier updates why`: why a host is offered what it is, and which rules select it. */

import { type CommandContext, type CommandModule, defineCommand } from '../../cli/command.ts';
import { printJson } from '../../cli/json-document.ts';
import { parseText } from '../../cli/option-types.ts';
import type { OptionTable } from '../../cli/options.ts';
import type { HostName } from '../../names/host-name.ts';
import type { Selection, ToldHost } from '../../updates/configuration/selection.ts';
import { directoryOption } from '../../updates/repository/places.ts';
import { toPath, updatesOption } from './configuration.ts';
import { requireHostOperand } from './host-operand.ts';

const told = (placeholder: string, describe: string) =>
  ({ kind: 'value', placeholder, describe, parse: parseText }) as const;

const options = {
  updates: updatesOption,
  tags: told('TAG,…', 'as if the host had these tags'),
  labels: told('LABEL,…', 'as if the host had these labels'),
  folder: told('FOLDER', 'as if the host were in this folder of Setup'),
  site: told('SITE', 'as if this site monitored the host'),
  json: { kind: 'switch', describe: 'print JSON' },
  dir: directoryOption,
} as const satisfies OptionTable;

export const why: CommandModule = defineCommand({
  summary:
    'why a host is offered what it is: each reason in its order, and each condition of each rule',
  usage: 'updates why HOST',
  examples: [
    ['updates why web01', 'the arrow shows what decides'],
    ['updates why web99 --folder=/servers --tags=prod', 'a name that no host need have'],
  ],
  options,
  run: async (operands, { updates, tags, labels, folder, site, json, dir }, context) => {
    const host = requireHostOperand('why', operands);
    const [{ readFactsOf }, { toStatus }, { explain }, { updatePlaces }] = await Promise.all([
      import('../../updates/server/host-facts.ts'),
      import('../../updates/server/host-status.ts'),
      import('../../updates/server/deciding.ts'),
      import('../../updates/repository/places.ts'),
    ]);
    const facts = await readFactsOf(host, updatePlaces(context.env, dir), context.clock);
    const words = { tags: tags?.split(','), labels: labels?.split(','), folder, site };
    const selection = await select(host, words, { path: updates, dir }, context);
    const nowMs = context.clock.now();
    if (json) {
      return printJson({ ...toStatus(facts, nowMs), steps: explain(facts), selection }, context);
    }
    const [{ describeWhy }, { toSelectionText }] = await Promise.all([
      import('../../updates/server/status-table.ts'),
      import('../../updates/configuration/selection-text.ts'),
    ]);
    const below = selection === null ? '' : `\n${toSelectionText(selection, nowMs)}`;
    await context.writeOutput(Buffer.from(`${describeWhy(facts, nowMs)}${below}`));
  },
});

/** Null where there is no updates.yaml, as on a machine that only hands out what was baked elsewhere. */
async function select(
  host: HostName,
  words: ToldHost,
  { path, dir }: { readonly path: string | undefined; readonly dir: string | undefined },
  context: CommandContext,
): Promise<Selection | null> {
  const [{ loadUpdates }, { explainSelection }, { updatePlaces }, { pathStatus }] =
    await Promise.all([
      import('../../updates/configuration/load.ts'),
      import('../../updates/configuration/selection.ts'),
      import('../../updates/repository/places.ts'),
      import('../../files/file-calls.ts'),
    ]);
  const file = toPath(path, context.env);
  const isThere = await pathStatus(file).then(
    () => true,
    () => false,
  );
  if (path === undefined && !isThere) return null;
  const updates = await loadUpdates(file);
  return explainSelection(updates, updatePlaces(context.env, dir), host, words);
}
