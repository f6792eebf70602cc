/** `cmk-courier doctor`: why something does not work, and what to do. */

import { type CommandContext, type CommandModule, defineCommand } from '../cli/command.ts';
import { parsePath, parsePositiveDuration } from '../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import { CourierError } from '../faults/errors.ts';
import { describeVerb } from '../names/nearest.ts';

const options = {
  json: { kind: 'switch', describe: 'print the report as one JSON object' },
  facts: { kind: 'switch', describe: 'show the facts of each step' },
  quiet: { kind: 'switch', describe: 'print the verdict only' },
  ascii: { kind: 'switch', describe: 'no signs beyond ASCII' },
  redact: { kind: 'switch', describe: 'replace names and addresses, for posting in public' },
  failOn: {
    kind: 'value',
    placeholder: 'warning',
    describe: 'count the first warning as a fault, too',
    parse: parseFailOn,
  },
  deadline: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'time for all of it',
    parse: parsePositiveDuration,
    fallback: '10s',
  },
  bundle: {
    kind: 'value',
    placeholder: 'FILE.tar.gz',
    describe:
      'also pack what support asks for: report, configuration and last log lines, without secrets, names and addresses',
    parse: parsePath,
  },
} as const satisfies OptionTable;

export const doctor: CommandModule = defineCommand({
  summary: 'say what is wrong with the installation of the courier, and what to do',
  usage: 'doctor site',
  examples: [
    ['doctor site', 'executable, files and rights, routes, passwords, collector, receiver, spool'],
    ['doctor site --bundle=courier.tar.gz', 'the same, packed for whoever is to help'],
  ],
  options,
  run,
});

function parseFailOn(text: string): 'warning' {
  if (text === 'warning') return text;
  throw new CourierError('USAGE', 'must be warning');
}

async function run(
  [what, extra]: readonly string[],
  values: OptionValues<typeof options>,
  context: CommandContext,
): Promise<void> {
  if (what !== 'site' || extra !== undefined) {
    throw new CourierError('USAGE', describeVerb(what === 'site' ? extra : what, ['site']));
  }
  const { runSite } = await import('../doctor/site/run-site.ts');
  const { deadline, failOn, ...wish } = values;
  const limits = { deadlineMs: deadline, failsOnWarning: failOn !== undefined };
  const exit = await runSite({ ...wish, ...limits }, context);
  if (exit !== 0) context.exitWith?.(exit);
}
