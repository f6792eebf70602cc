/** `cmk-courier updates rollout`: a rollout in stages, and what a person does to it. */

import {
  type CommandContext,
  type CommandModule,
  defineCommand,
  defineGroup,
} from '../../cli/command.ts';
import { printJson } from '../../cli/json-document.ts';
import { parseText } from '../../cli/option-types.ts';
import type { OptionTable } from '../../cli/options.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import { directoryOption } from '../../updates/repository/places.ts';
import type { RolloutVerb } from '../../updates/rollout/administration.ts';
import { requireOperands } from './root-options.ts';

const shared = { dir: directoryOption } as const satisfies OptionTable;

const verbOptions = {
  why: {
    kind: 'value',
    placeholder: 'TEXT',
    describe: 'for the audit log, and for whoever asks why',
    parse: parseText,
    fallback: 'no reason given',
  },
  ...shared,
} as const satisfies OptionTable;

const summaries = {
  status: 'how far it has come: each stage with its hosts, its gates, and what it waits for',
  start: 'begin anew with what is published, for hosts that do not have it yet',
  hold: 'stop: no host is offered anything by it; hosts that test a release finish',
  resume: 'go on; failures and silent hosts there are by now break no gate again',
  advance: 'open the next stage before its time',
  'remove-updater': 'let updaters be switched off, as rules with `action: remove-updater` want it',
} as const;

export const rollout: CommandModule = defineGroup('updates rollout', {
  summary: 'stages: how far a rollout has come; hold it, go on, open the next one',
  examples: [
    ['updates rollout status', 'gates, and what is waited for'],
    ["updates rollout hold --why='web01 looks odd'", 'it holds with the next request of any host'],
  ],
  commands: {
    status: { summary: summaries.status, load: async () => status },
    start: { summary: summaries.start, load: async () => start },
    hold: { summary: summaries.hold, load: async () => defineVerb('hold') },
    resume: { summary: summaries.resume, load: async () => defineVerb('resume') },
    advance: { summary: summaries.advance, load: async () => advance },
    'remove-updater': { summary: summaries['remove-updater'], load: async () => removeUpdater },
  },
});

const status: CommandModule = defineCommand({
  summary: summaries.status,
  usage: 'updates rollout status',
  examples: [['updates rollout status --json', 'for scripts']],
  options: { json: { kind: 'switch', describe: 'print JSON' }, ...shared },
  run: async (operands, { json, dir }, context) => {
    requireOperands('updates rollout status', operands, []);
    const [{ readUpdatesOverview }, { toRolloutText }, { updatePlaces }] = await Promise.all([
      import('../../updates/server/overview.ts'),
      import('../../updates/rollout/rollout-text.ts'),
      import('../../updates/repository/places.ts'),
    ]);
    const places = updatePlaces(context.env, dir);
    const { rollout: found } = await readUpdatesOverview(places, context.clock);
    if (json) return printJson({ rollout: found }, context);
    await print(toRolloutText(found), context);
  },
});

const start: CommandModule = defineCommand({
  summary: summaries.start,
  usage: 'updates rollout start',
  examples: [['updates rollout start', 'the stages are those of the last `updates bake`']],
  options: shared,
  keepsFiles: { options: ['dir'] },
  run: async (operands, { dir }, context) => {
    requireOperands('updates rollout start', operands, []);
    const { startRollout } = await import('../../updates/rollout/administration.ts');
    await print(`${await startRollout(await toPlaces(dir, context), context)}\n`, context);
  },
});

const advance: CommandModule = defineCommand({
  summary: summaries.advance,
  usage: 'updates rollout advance',
  examples: [
    ['updates rollout advance', 'also where a stage has `next: by-hand`'],
    ["updates rollout advance --all --why='a hole in the agent'", 'every host at once'],
  ],
  options: { all: { kind: 'switch', describe: 'open every stage there is' }, ...verbOptions },
  keepsFiles: { options: ['dir'] },
  run: (operands, values, context) => move('advance', operands, values, context),
});

function defineVerb(verb: RolloutVerb): CommandModule {
  return defineCommand({
    summary: summaries[verb],
    usage: `updates rollout ${verb}`,
    examples: [
      [`updates rollout ${verb} --why='seen by alice'`, 'with the next request of any host'],
    ],
    options: verbOptions,
    keepsFiles: { options: ['dir'] },
    run: (operands, values, context) => move(verb, operands, { all: false, ...values }, context),
  });
}

interface Moving {
  readonly dir: string | undefined;
  readonly why: string;
  readonly all: boolean;
}

async function move(
  verb: RolloutVerb,
  operands: readonly string[],
  { dir, why, all }: Moving,
  context: CommandContext,
): Promise<void> {
  requireOperands(`updates rollout ${verb}`, operands, []);
  const { moveRollout } = await import('../../updates/rollout/administration.ts');
  const places = await toPlaces(dir, context);
  await print(`${await moveRollout(places, { verb, why, all }, context)}\n`, context);
}

const mostShown = 20;

const removeUpdater: CommandModule = defineCommand({
  summary: summaries['remove-updater'],
  usage: 'updates rollout remove-updater',
  examples: [
    ['updates rollout remove-updater', 'shows the hosts, and asks for a sentence'],
    ["updates rollout remove-updater --confirm='remove the updater from 3 hosts'", 'for scripts'],
  ],
  options: {
    confirm: {
      kind: 'value',
      placeholder: 'SENTENCE',
      describe: 'the sentence that is asked for at a terminal, with the right number of hosts',
      parse: parseText,
    },
    ...shared,
  },
  keepsFiles: { options: ['dir'] },
  run: async (operands, { confirm, dir }, context) => {
    requireOperands('updates rollout remove-updater', operands, []);
    const { confirmRemovals, listRemovals, removalWords } = await import(
      '../../updates/rollout/administration.ts'
    );
    const places = await toPlaces(dir, context);
    const hosts = await listRemovals(places);
    if (hosts.length === 0) return print('no updater waits to be switched off\n', context);
    const more = hosts.length > mostShown ? ` and ${hosts.length - mostShown} more` : '';
    await print(`${hosts.slice(0, mostShown).join(' ')}${more}\n`, context);
    const sentence = removalWords(hosts);
    if ((confirm ?? (await askFor(sentence, context))) !== sentence) {
      throw new CourierError('USAGE', `nothing is switched off: that takes ${quote(sentence)}`);
    }
    await confirmRemovals(places, hosts, context);
    await print(`confirmed: ${sentence}\n`, context);
  },
});

async function askFor(sentence: string, { shutdown }: CommandContext): Promise<string> {
  const { askLine } = await import('../../cli/terminal.ts');
  return askLine(`type "${sentence}": `, '--confirm', shutdown);
}

async function toPlaces(dir: string | undefined, { env }: CommandContext) {
  const { updatePlaces } = await import('../../updates/repository/places.ts');
  return updatePlaces(env, dir);
}

async function print(text: string, { writeOutput }: CommandContext): Promise<void> {
  await writeOutput(Buffer.from(text));
}
