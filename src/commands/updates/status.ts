/** `cmk-courier updates status` and `section`: what hosts have. */

import { type CommandContext, type CommandModule, defineCommand } from '../../cli/command.ts';
import { parsePositiveDuration, parseText } from '../../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../../cli/options.ts';
import { CourierError } from '../../faults/errors.ts';
import { globMatcher } from '../../names/glob.ts';
import { directoryOption } from '../../updates/repository/places.ts';
import type { HostStatus } from '../../updates/server/host-status.ts';
import { requireHostOperand } from './host-operand.ts';

const options = {
  faulty: { kind: 'switch', describe: 'only hosts on which something is wrong' },
  silent: { kind: 'switch', describe: 'only hosts that have left out three of their questions' },
  behind: { kind: 'switch', describe: 'only hosts that do not have what is published for them' },
  state: words('WORD,…', 'only hosts in one of these states, such as returned,failed'),
  decision: words('WORD,…', 'only hosts of which one of these was decided, such as hold,stage'),
  stage: words('NAME,…', 'only hosts of these stages of the rollout'),
  csv: { kind: 'switch', describe: 'print CSV' },
  json: { kind: 'switch', describe: 'print JSON' },
  watch: { kind: 'switch', describe: 'go on until ended by a signal' },
  interval: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'with --watch: how often',
    parse: parsePositiveDuration,
    fallback: '10s',
  },
  dir: directoryOption,
} as const satisfies OptionTable;

function words(placeholder: string, describe: string) {
  return { kind: 'value', placeholder, describe, parse: parseText } as const;
}

type Values = OptionValues<typeof options>;

export const status: CommandModule = defineCommand({
  summary: 'what each host has and is to have, the worst first; and totals of each stage',
  usage: 'updates status [HOST…]',
  examples: [
    ['updates status', 'all hosts that are registered, or that something is published for'],
    ["updates status 'web*' --faulty", 'those of a pattern, if something is wrong'],
    ['updates status --watch', 'until Ctrl-C'],
    ['updates status --csv >updates.csv', 'every column, for a spreadsheet'],
  ],
  options,
  run: async (patterns, values, context) => {
    if (values.csv && values.json) {
      throw new CourierError('USAGE', '--csv and --json exclude each other');
    }
    if (!values.watch) return print(await show(patterns, values, context), context);
    const { cutToRows, findTerminalSize, redraw } = await import('../../cli/screen.ts');
    while (!context.shutdown.aborted) {
      const text = await show(patterns, values, context);
      if (context.shutdown.aborted) return;
      const size = values.json || values.csv ? undefined : findTerminalSize();
      const shown = size === undefined ? `${text}\n` : redraw(cutToRows(text, size.rows));
      await print(shown, context);
      await context.clock.sleep(values.interval, context.shutdown).catch(() => undefined);
    }
  },
});

async function show(
  patterns: readonly string[],
  values: Values,
  context: CommandContext,
): Promise<string> {
  const [{ readUpdatesOverview }, { updatePlaces }] = await Promise.all([
    import('../../updates/server/overview.ts'),
    import('../../updates/repository/places.ts'),
  ]);
  const overview = await readUpdatesOverview(updatePlaces(context.env, values.dir), context.clock);
  const hosts = overview.hosts.filter(toFilter(patterns, values));
  if (values.json) return `${JSON.stringify({ hosts, rollout: overview.rollout }, null, 2)}\n`;
  if (values.csv) return (await import('../../updates/server/status-csv.ts')).toCsv(hosts);
  const [{ toTable }, { toRolloutText }] = await Promise.all([
    import('../../updates/server/status-table.ts'),
    import('../../updates/rollout/rollout-text.ts'),
  ]);
  const isNone = hosts.length === 0 && overview.hosts.length > 0;
  const table = isNone ? `none of ${overview.hosts.length} hosts\n` : toTable(hosts);
  const below = overview.rollout === null ? '' : `\n${toRolloutText(overview.rollout)}`;
  return `${table}${below}`;
}

/** What is given is joined by AND, words of one option by OR. */
function toFilter(
  patterns: readonly string[],
  { faulty, silent, behind, state, decision, stage }: Values,
): (host: HostStatus) => boolean {
  const matchers = patterns.map(globMatcher);
  const isIn = (wanted: string | undefined, word: string | null) =>
    wanted === undefined || (word !== null && wanted.split(',').includes(word));
  return (host) =>
    (matchers.length === 0 || matchers.some((fits) => fits(host.host))) &&
    (!faulty || host.severity >= faultySeverity) &&
    (!silent || host.silentMs !== null) &&
    (!behind || (host.target !== null && host.installed?.counter !== host.target.counter)) &&
    isIn(state, host.state) &&
    isIn(decision, host.decision) &&
    isIn(stage, host.stage);
}

/** From here on somebody has to look: below are hosts on their way, new ones and revoked ones. */
const faultySeverity = 5;

async function print(text: string, { writeOutput }: CommandContext): Promise<void> {
  await writeOutput(Buffer.from(text));
}

export const section: CommandModule = defineCommand({
  summary: 'print the section that shows updates in Checkmk, for a host that cannot report',
  usage: 'updates section HOST',
  examples: [
    ['updates section web01', '<<<cmk_update_agent_status>>> with the age of its last contact'],
    [
      "fetch --host=web01 ssh://web01 --with='exec:/omd/sites/mysite/local/bin/cmk-courier?arg=updates&arg=section&arg=web01'",
      'beside the output of the host',
    ],
  ],
  options: { dir: directoryOption },
  run: async (operands, { dir }, context) => {
    const host = requireHostOperand('section', operands);
    const [{ readFactsOf }, { toSection }, roots, { updatePlaces }] = await Promise.all([
      import('../../updates/server/host-facts.ts'),
      import('../../updates/server/status-section.ts'),
      import('../../updates/repository/root-files.ts'),
      import('../../updates/repository/places.ts'),
    ]);
    const places = updatePlaces(context.env, dir);
    const facts = await readFactsOf(host, places, context.clock);
    const root = await roots.readRootFile(places, await roots.newestRootVersion(places));
    const text = toSection(facts, root?.root.servers[0]);
    await context.writeOutput(Buffer.from(text));
  },
});
