/** `cmk-courier check`: what is wrong with agent output, line by line. */

import {
  count,
  type Report,
  toSummary,
  toText,
  toUnreadable,
} from '../agent-output/check-report.ts';
import { parseAgentOutput } from '../agent-output/parser.ts';
import type { Problem } from '../agent-output/problems.ts';
import { findProblems, toRemark } from '../agent-output/rules.ts';
import { isRefused } from '../agent-output/validator.ts';
import { type CommandContext, type CommandModule, defineCommand } from '../cli/command.ts';
import { formOptions } from '../cli/form-options.ts';
import { printJson } from '../cli/json-document.ts';
import { readOperand, toName } from '../cli/operand.ts';
import { parseSize } from '../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierError, asCourierErrorWhile } from '../faults/system-errors.ts';
import { parseHostName } from '../names/host-name.ts';
import { readSecret, secretOptions } from '../secrets/secret-options.ts';
import type { Secret } from '../secrets/secrets.ts';
import { unwrap } from '../wrapping/unwrap.ts';

const options = {
  host: {
    kind: 'value',
    placeholder: 'NAME',
    describe: 'name of the host in Checkmk, which a piggyback header may name to lead back to it',
    parse: parseHostName,
  },
  ...formOptions,
  ...secretOptions('passphrase', 'the passphrase of output the agent encrypts'),
  json: { kind: 'switch', describe: 'print one JSON document with an object for each file' },
  maxSize: {
    kind: 'value',
    placeholder: 'SIZE',
    describe: 'refuse larger files, compressed or not',
    parse: parseSize,
    fallback: '256MiB',
  },
} as const satisfies OptionTable;

type Values = OptionValues<typeof options>;

/** How files are looked at. */
interface Examination {
  readonly values: Values;
  readonly passphrase: Secret | undefined;
  readonly context: CommandContext;
}

export const check: CommandModule = defineCommand({
  summary: 'say what is wrong with agent output in a file or on stdin',
  usage: 'check [FILE…]',
  examples: [
    ['check web01.txt', 'problems of a file, with line numbers'],
    ['check --strict --json *.txt.gz', 'of several, for programs'],
    ['fetch --host=web01 ssh://web01 | cmk-courier check --host=web01', 'of what a source has'],
  ],
  options,
  run,
});

/** Goes through all files, whatever is wrong with one of them. */
async function run(
  operands: readonly string[],
  values: Values,
  context: CommandContext,
): Promise<void> {
  const passphrase = await readSecret(values, 'passphrase', context);
  const reports: Report[] = [];
  const faults: CourierError[] = [];
  for (const file of operands.length === 0 ? ['-'] : operands) {
    const report = await examine(file, { values, passphrase, context }).catch((thrown: unknown) => {
      context.shutdown.throwIfAborted();
      const fault = asCourierError(thrown, `checking ${toName(file)}`);
      faults.push(fault);
      return toUnreadable(toName(file), fault);
    });
    reports.push(report);
    if (!values.json) await context.writeOutput(Buffer.from(toText(report)));
  }
  if (values.json) await printJson({ files: reports }, context);
  requireGood(reports, faults, values.strict);
}

/** @throws CourierError with the code of a file that could not be read; else MALFORMED */
function requireGood(
  reports: readonly Report[],
  [unread, ...others]: readonly CourierError[],
  strict: boolean,
): void {
  const broken = reports.filter(({ problems }) => problems.some((one) => isRefused(one, strict)));
  const said = broken.map(toSummary).join('; ');
  if (unread !== undefined) {
    const more = others.length === 0 ? '' : `; ${count(others.length, 'more file')} unread`;
    const message = `${unread.message}${more}${said && `; ${said}`}`;
    throw new CourierError(unread.code, message, { cause: unread });
  }
  if (broken.length > 0) throw new CourierError('MALFORMED', said);
}

async function examine(
  operand: string,
  { values, passphrase, context }: Examination,
): Promise<Report> {
  const packed = await readOperand(operand, values.maxSize, context);
  const { env, shutdown: signal } = context;
  const limit = { maxOutputBytes: values.maxSize, env, signal };
  const remarks: Problem[] = [];
  const output = await unwrap(packed, limit, {
    passphrase,
    tell: (rule) => {
      remarks.push(toRemark(rule, 'the encrypted output lacks "Salted__" ahead of its salt'));
    },
  }).catch((thrown: unknown) => {
    throw asCourierErrorWhile(thrown, `unpacking ${toName(operand)}`);
  });
  const parsed = parseAgentOutput(output, values.host);
  return {
    file: toName(operand),
    sections: parsed.sections.length,
    piggybackedHosts: parsed.piggybackedHosts,
    problems: [...remarks, ...findProblems(output, parsed, values.lenient)],
    omittedProblems: parsed.omittedProblems,
    fault: null,
  };
}
