/** `cmk-courier updates simulate`: what gates would do, in seconds and without a host. */

import { type CommandModule, defineCommand } from '../../cli/command.ts';
import { printJson } from '../../cli/json-document.ts';
import { parseNumberWithin, parsePositiveDuration } from '../../cli/option-types.ts';
import type { OptionTable } from '../../cli/options.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import { directoryOption } from '../../updates/repository/places.ts';
import { requireOperands } from './root-options.ts';

function parsePart(text: string): number {
  const [, number] = /^(\d{1,3}(?:\.\d{1,2})?)%$/.exec(text) ?? [];
  if (number !== undefined && Number(number) <= 100) return Number(number) / 100;
  throw new CourierError('USAGE', `must be a share such as 5%, not ${quote(text)}`);
}

/** Some ten seconds. */
const mostQuestions = 500_000_000;

/** @throws CourierError USAGE for what would run for minutes and more */
function requireShort(hosts: number, intervals: number): void {
  if (hosts * intervals <= mostQuestions) return;
  const how = `at most ${mostQuestions / 1e6} million questions of hosts are played`;
  throw new CourierError(
    'USAGE',
    `${how}: a longer --interval, a shorter --until or fewer --hosts`,
  );
}

function shareOption(describe: string, fallback: string) {
  return { kind: 'value', placeholder: 'SHARE', describe, parse: parsePart, fallback } as const;
}

const options = {
  hosts: {
    kind: 'value',
    placeholder: 'NUMBER',
    describe: 'how many hosts there are',
    parse: parseNumberWithin(1, 200_000),
    fallback: '20000',
  },
  failures: shareOption('hosts on which the release fails its self test', '1%'),
  silent: shareOption('hosts that are never heard of', '0%'),
  lost: shareOption('hosts that take the release and are never heard of again', '0%'),
  interval: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'how often each host asks',
    parse: parsePositiveDuration,
    fallback: '1h',
  },
  seed: {
    kind: 'value',
    placeholder: 'NUMBER',
    describe: 'plays otherwise with another one, and the same with the same',
    parse: parseNumberWithin(0, 1_000_000_000),
    fallback: '1',
  },
  until: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'how much time is played at most',
    parse: parsePositiveDuration,
    fallback: '60d',
  },
  json: { kind: 'switch', describe: 'print JSON' },
  dir: directoryOption,
} as const satisfies OptionTable;

export const simulate: CommandModule = defineCommand({
  summary: 'play a rollout through with hosts that are made up, and show what its gates do',
  usage: 'updates simulate',
  examples: [
    ['updates simulate --failures=5%', 'the stages of the last `updates bake`, else usual ones'],
    ['updates simulate --hosts=500 --silent=33% --interval=10m', 'another fleet'],
  ],
  options,
  run: async (operands, { json, dir, interval, until, ...values }, context) => {
    requireOperands('updates simulate', operands, []);
    const [
      { simulate: play },
      { toSimulationText },
      { readPlan },
      { updatePlaces },
      { usualStages },
    ] = await Promise.all([
      import('../../updates/rollout/simulation.ts'),
      import('../../updates/rollout/simulation-text.ts'),
      import('../../updates/repository/plan.ts'),
      import('../../updates/repository/places.ts'),
      import('../../updates/rollout/usual-stages.ts'),
    ]);
    const stages = (await readPlan(updatePlaces(context.env, dir)))?.stages ?? usualStages;
    const parts = values.failures + values.silent + values.lost;
    if (parts > 1) {
      throw new CourierError('USAGE', '--failures, --silent and --lost are more than all hosts');
    }
    requireShort(values.hosts, until / interval);
    const scenario = { ...values, stages, intervalSeconds: interval / 1000, limitMs: until };
    const played = play(scenario);
    if (json) return printJson({ scenario, ...played }, context);
    await context.writeOutput(Buffer.from(toSimulationText(scenario, played)));
  },
});
