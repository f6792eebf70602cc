/** `cmk-courier updates bake`: one package for each distinct content, and the plan of who gets which. */

import { type CommandContext, type CommandModule, defineCommand } from '../../cli/command.ts';
import { parsePositiveDuration } from '../../cli/option-types.ts';
import type { OptionTable } from '../../cli/options.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import { counted } from '../../names/counted.ts';
import type { BakedRelease, BakeReport } from '../../updates/baking/run.ts';
import { directoryOption } from '../../updates/repository/places.ts';
import { hostSourceOptions, readHosts, toPath } from './configuration.ts';

const options = {
  ...hostSourceOptions,
  maxListAge: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'how old the hosts may be that the site told the last time, when it does not answer',
    parse: parsePositiveDuration,
    fallback: '1d',
  },
  dryRun: { kind: 'switch', describe: 'only say what would be baked, and who would get it' },
  json: { kind: 'switch', describe: 'print JSON' },
  dir: directoryOption,
} as const satisfies OptionTable;

export const bake: CommandModule = defineCommand({
  summary: 'make one package for each distinct content, and plan which host gets which',
  usage: 'updates bake',
  examples: [
    ['updates bake --dry-run', 'which hosts would get another release than now'],
    ['updates bake', 'nothing reaches a host before it is signed and published'],
  ],
  options,
  keepsFiles: { options: ['dir'] },
  run: async ([extra], { dir, dryRun, json, maxListAge, ...values }, context) => {
    if (extra !== undefined)
      throw new CourierError('USAGE', `updates bake takes no ${quote(extra)}`);
    const [{ loadUpdates }, { agentDirectories }, { bake: run }, { updatePlaces }] =
      await Promise.all([
        import('../../updates/configuration/load.ts'),
        import('../../updates/baking/agents.ts'),
        import('../../updates/baking/run.ts'),
        import('../../updates/repository/places.ts'),
      ]);
    const updates = await loadUpdates(toPath(values.updates, context.env));
    for (const { line, message } of updates.warnings) {
      await context.writeError(`${updates.path}:${line}: warning: ${message}\n`);
    }
    const places = updatePlaces(context.env, dir);
    const hosts = await readHosts(updates, values, context, {
      ...{ places, clock: context.clock, mostMs: maxListAge, isKept: !dryRun },
      warn: (line) => context.writeError(line),
    });
    const sources = {
      directory: updates.directory,
      agents: agentDirectories(context.env),
      read: new Map(),
    };
    const tell = async (release: BakedRelease) => {
      context.shutdown.throwIfAborted();
      if (!json) await print(toLine(release), context);
    };
    const report = await run({ updates, hosts, sources, places, isDry: dryRun, tell }, context);
    await print(json ? `${JSON.stringify(report, null, 2)}\n` : summarise(report), context);
  },
});

/** `0123456789abcdef linux-tgz new: checkmk 2.4.0p1, 3 scripts: web01, web02 and 7 more`. */
function toLine(release: BakedRelease): string {
  const { agent, agentHash, confidential, hosts, isNew, platform, scripts } = release;
  const marks = [isNew ? ' new' : '', confidential ? ' confidential' : ''].join('');
  const content = agent.kind === 'foreign' ? '' : `, ${counted(scripts.length, 'script')}`;
  return `${agentHash} ${platform}${marks}: ${agent.kind} ${agent.version}${content}: ${listHosts(hosts)}\n`;
}

const mostShown = 5;

function listHosts(hosts: readonly string[]): string {
  const more = hosts.length - mostShown;
  const shown = hosts.slice(0, mostShown).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}

function summarise({
  dropped,
  dryRun,
  kept,
  left,
  releases,
  removed,
  rootVersion,
}: BakeReport): string {
  const hosts = releases.reduce((sum, release) => sum + release.hosts.length, 0);
  const changed = releases.flatMap((release) => release.changed).sort();
  const lines = [
    `${counted(releases.length, 'release')} for ${counted(hosts, 'host')}`,
    changed.length === 0 ? 'no host gets another one' : `another one for ${listHosts(changed)}`,
    ...(dropped.length === 0 ? [] : [`nothing any more for ${listHosts(dropped)}`]),
    ...(kept.length === 0 ? [] : [`as it is on ${listHosts(kept)}`]),
    ...(removed.length === 0 ? [] : [`the updater is switched off on ${listHosts(removed)}`]),
    ...(left.length === 0 ? [] : [`no rule fits ${listHosts(left)}`]),
    ...(rootVersion === null
      ? ['there is no root yet: `cmk-courier updates root init` first, then bake again']
      : []),
    dryRun ? 'nothing was written' : 'next: cmk-courier updates sign',
  ];
  return `${lines.join('\n')}\n`;
}

async function print(text: string, { writeOutput }: CommandContext): Promise<void> {
  await writeOutput(Buffer.from(text));
}
