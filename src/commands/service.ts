/** `cmk-courier service`: the resident commands as services of the site, or of systemd. */

import { isAbsolute } from 'node:path';
import { isSea } from 'node:sea';
import { type CommandContext, type CommandModule, defineCommand } from '../cli/command.ts';
import { parsePath } from '../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { describeVerb } from '../names/nearest.ts';
import type { Plan } from '../service/plan.ts';
import { type Service, services } from '../service/service.ts';

const options = {
  program: {
    kind: 'value',
    placeholder: 'FILE',
    describe: 'the executable to start, or a script for this Node; by default this executable',
    parse: parseAbsolutePath,
  },
  print: { kind: 'switch', describe: 'only print the script or unit, or what would be removed' },
  force: { kind: 'switch', describe: 'also replace a file that somebody else has written' },
} as const satisfies OptionTable;

type Values = OptionValues<typeof options>;

export const service: CommandModule = defineCommand({
  summary: 'make the collector or the receiver a service of the site, or of systemd',
  usage: 'service install [collect | receive] | uninstall [collect | receive]',
  examples: [
    ['service install', 'in a site: omd start, stop and status include the collector'],
    ['service install receive --print', 'what would be written for the receiver'],
    ['service uninstall receive', 'stops it, too, in a site'],
  ],
  options,
  keepsFiles: { options: [], verbs: ['install', 'uninstall'] },
  run,
});

async function run(
  [verb, what = 'collect', extra]: readonly string[],
  values: Values,
  context: CommandContext,
): Promise<void> {
  if (extra !== undefined) throw new CourierError('USAGE', `too much: ${quote(extra)}`);
  const { planService } = await import('../service/plan.ts');
  const surroundings = { env: context.env, isRoot: process.getuid?.() === 0 };
  const plan = planService(toService(what), surroundings);
  switch (verb) {
    case 'install':
      return runInstall(plan, values, context);
    case 'uninstall':
      return runUninstall(plan, values, context);
    default: {
      throw new CourierError('USAGE', describeVerb(verb, ['install', 'uninstall']));
    }
  }
}

async function runInstall(plan: Plan, values: Values, context: CommandContext): Promise<void> {
  const text = plan.toText(toCommand(values));
  if (values.print) return context.writeOutput(Buffer.from(text));
  const { install } = await import('../service/installing.ts');
  install(plan, text, values.force);
  await tell('wrote', toPaths(plan), plan.next.installed, context);
}

async function runUninstall(plan: Plan, values: Values, context: CommandContext): Promise<void> {
  if (values.print) return tell('would remove', toPathsToRemove(plan), [], context);
  const { uninstall } = await import('../service/installing.ts');
  await uninstall(plan, context.env, context.shutdown);
  await tell('removed', toPathsToRemove(plan), plan.next.removed, context);
}

function toPaths({ path, link, besides }: Plan): readonly string[] {
  return [path, ...(link === undefined ? [] : [link.path]), ...besides.map((one) => one.path)];
}

function toPathsToRemove(plan: Plan): readonly string[] {
  return toPaths({ ...plan, besides: plan.besides.filter(({ isShared }) => !isShared) });
}

/** One line for each file, then what to do next. */
async function tell(
  what: string,
  paths: readonly string[],
  next: readonly string[],
  context: CommandContext,
): Promise<void> {
  const lines = [
    ...paths.map((one) => `${what} ${one}`),
    ...(next.length === 0 ? [] : ['next:']),
    ...next.map((line) => `  ${line}`),
  ];
  await context.writeOutput(Buffer.from(`${lines.join('\n')}\n`));
}

function toService(what: string): Service {
  if (what === 'collect' || what === 'receive') return services[what];
  throw new CourierError('USAGE', `no service ${quote(what)}; there are collect and receive`);
}

/** A service is started in another directory than this one. */
function parseAbsolutePath(raw: string): string {
  const path = parsePath(raw);
  // What ends a line in a file ends a word there as well, however it is quoted.
  if (isAbsolute(path) && !/\p{Cc}/u.test(path)) return path;
  throw new CourierError('USAGE', `must be an absolute path, not ${quote(raw)}`);
}

/** Run by a Node, we do not know our own file. */
function toCommand({ program }: Values): readonly string[] {
  if (program !== undefined) {
    return /\.[cm]?[jt]s$/.test(program) ? [process.execPath, program] : [program];
  }
  if (isSea()) return [process.execPath];
  throw new CourierError('USAGE', '--program must name the executable to start');
}
