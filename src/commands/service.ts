/** `cmk-courier service`: the resident commands as services of the site, or of systemd. */

import { isSea } from 'node:sea';
import { type CommandContext, type CommandModule, defineCommand } from '../command.ts';
import { CourierError, quote } from '../errors.ts';
import { parsePath } from '../option-types.ts';
import type { OptionTable, OptionValues } from '../options.ts';
import { type Installation, install, planInstallation, uninstall } from '../service/installing.ts';
import { type Service, services } from '../service/service.ts';

const options = {
  program: {
    kind: 'value',
    placeholder: 'FILE',
    describe: 'the executable to start; by default this one',
    parse: parsePath,
  },
  print: { kind: 'switch', describe: 'only print what would be written' },
  force: { kind: 'switch', describe: 'also replace a file that somebody else has written' },
} as const satisfies OptionTable;

type Values = OptionValues<typeof options>;

export const service: CommandModule = defineCommand({
  summary: 'make the collector or the receiver a service of the site, or of systemd',
  usage: 'service install | uninstall [collect | receive]',
  examples: [
    ['service install', 'in a site: omd start, stop and status include the collector'],
    ['service install receive --print', 'what would be written for the receiver'],
  ],
  options,
  run,
});

async function run(
  [verb, what = 'collect', extra]: readonly string[],
  values: Values,
  context: CommandContext,
): Promise<void> {
  if (extra !== undefined) throw new CourierError('USAGE', `too much: ${quote(extra)}`);
  const plan = planInstallation(toService(what), toProgram(values), context.env);
  const print = (text: string) => context.writeOutput(Buffer.from(text));
  if (verb === 'uninstall') {
    uninstall(plan);
    return print(`removed ${plan.path}\n`);
  }
  if (verb !== 'install') {
    const given = verb === undefined ? 'service needs a verb' : `no verb ${quote(verb)}`;
    throw new CourierError('USAGE', `${given}; there are install, uninstall`);
  }
  if (values.print) return print(plan.text);
  install(plan, values.force);
  await print(describe(plan));
}

function describe({ path, link, next }: Installation): string {
  const written = link === undefined ? [path] : [path, link.path];
  return [
    ...written.map((one) => `wrote ${one}`),
    'next:',
    ...next.map((line) => `  ${line}`),
    '',
  ].join('\n');
}

function toService(what: string): Service {
  if (what === 'collect' || what === 'receive') return services[what];
  throw new CourierError('USAGE', `no service ${quote(what)}; there are collect and receive`);
}

/** Run by a Node, we do not know our own file. */
function toProgram({ program }: Values): string {
  if (program !== undefined) return program;
  if (isSea()) return process.execPath;
  throw new CourierError('USAGE', '--program must name the executable to start');
}
