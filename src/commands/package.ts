/** `cmk-courier package`: whether a package is what a site can install. */

import { basename } from 'node:path';
import { type CommandContext, type CommandModule, defineCommand } from '../cli/command.ts';
import { printJson } from '../cli/json-document.ts';
import { readOperand, toName } from '../cli/operand.ts';
import { parseSize } from '../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { counted } from '../names/counted.ts';
import { describeVerb } from '../names/nearest.ts';
import { type Report, toReport, toText, toUnreadable } from '../setup/packages/report.ts';
import { verifyPackage } from '../setup/packages/verify.ts';

const options = {
  strict: { kind: 'switch', describe: 'refuse what is only warned of as well' },
  json: { kind: 'switch', describe: 'print one JSON document with an object for each file' },
  maxSize: {
    kind: 'value',
    placeholder: 'SIZE',
    describe: 'refuse larger packages, packed or unpacked',
    parse: parseSize,
    fallback: '512MiB',
  },
} as const satisfies OptionTable;

type Values = OptionValues<typeof options>;

// `package` is a reserved word.
export const packageCommand: CommandModule = defineCommand({
  summary: 'say whether a package (.mkp) is what a Checkmk site can install',
  usage: 'package verify FILE…',
  examples: [
    ['package verify cmk_courier-0.1.0.mkp', 'each rule that is broken, and what is in it'],
    ['package verify --strict --json *.mkp', 'of several, for programs'],
  ],
  options,
  run,
});

/** Goes through all files, whatever is wrong with one of them. */
async function run(
  [verb, ...files]: readonly string[],
  values: Values,
  context: CommandContext,
): Promise<void> {
  if (verb !== 'verify') throw new CourierError('USAGE', describeVerb(verb, ['verify']));
  if (files.length === 0) throw new CourierError('USAGE', 'a FILE is missing');
  const reports: Report[] = [];
  const faults: CourierError[] = [];
  for (const file of files) {
    const report = await verify(file, values, context).catch((thrown: unknown) => {
      context.shutdown.throwIfAborted();
      const fault = asCourierError(thrown, `verifying ${toName(file)}`);
      faults.push(fault);
      return toUnreadable(toName(file), fault);
    });
    reports.push(report);
    if (!values.json) await context.writeOutput(Buffer.from(toText(report)));
  }
  if (values.json) await printJson({ files: reports }, context);
  const [fault] = faults;
  if (fault !== undefined) throw fault;
  requireGood(reports, values.strict);
}

async function verify(
  operand: string,
  { maxSize: maxBytes }: Values,
  context: CommandContext,
): Promise<Report> {
  const bytes = await readOperand(operand, maxBytes, context);
  const fileName = operand === '-' ? undefined : basename(operand);
  return toReport(toName(operand), bytes.length, verifyPackage({ bytes, fileName, maxBytes }));
}

/** @throws CourierError MALFORMED, with the first thing that is wrong */
function requireGood(reports: readonly Report[], strict: boolean): void {
  const said = reports.flatMap(({ file, problems, omittedProblems }) => {
    const grave = problems.filter(({ severity }) => strict || severity === 'error');
    const more = grave.length - 1 + omittedProblems;
    const [first] = grave;
    if (first === undefined) return [];
    return [`${file}: ${first.message}${more > 0 ? `; and ${counted(more, 'more problem')}` : ''}`];
  });
  if (said.length > 0) throw new CourierError('MALFORMED', said.join('; '));
}
