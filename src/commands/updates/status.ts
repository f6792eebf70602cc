/** `cmk-courier updates status` and `section`: what hosts have. */

import { type CommandModule, defineCommand } from '../../cli/command.ts';
import { printJson } from '../../cli/json-document.ts';
import type { OptionTable } from '../../cli/options.ts';
import { globMatcher } from '../../names/glob.ts';
import { directoryOption } from '../../updates/repository/places.ts';
import { requireHostOperand } from './host-operand.ts';

const options = {
  json: { kind: 'switch', describe: 'print JSON' },
  dir: directoryOption,
} as const satisfies OptionTable;

export const status: CommandModule = defineCommand({
  summary: 'what each host has and is to have, the worst first',
  usage: 'updates status [HOST…]',
  examples: [
    ['updates status', 'all hosts that are registered, or that something is published for'],
    ["updates status 'web*'", 'those of a pattern'],
  ],
  options,
  run: async (patterns, { json, dir }, context) => {
    const [{ readUpdatesOverview }, { updatePlaces }] = await Promise.all([
      import('../../updates/server/overview.ts'),
      import('../../updates/repository/places.ts'),
    ]);
    const overview = await readUpdatesOverview(updatePlaces(context.env, dir), context.clock);
    const matchers = patterns.map(globMatcher);
    const isMeant = ({ host }: { readonly host: string }) =>
      matchers.length === 0 || matchers.some((fits) => fits(host));
    const hosts = overview.hosts.filter(isMeant);
    if (json) return printJson({ hosts, rollout: overview.rollout }, context);
    const [{ toTable }, { toRolloutText }] = await Promise.all([
      import('../../updates/server/status-table.ts'),
      import('../../updates/rollout/rollout-text.ts'),
    ]);
    const below = overview.rollout === null ? '' : `\n${toRolloutText(overview.rollout)}`;
    await context.writeOutput(Buffer.from(`${toTable(hosts)}${below}`));
  },
});

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
