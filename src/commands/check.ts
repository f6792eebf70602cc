/** `cmk-courier check`: what is wrong with agent output, line by line. */

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { parseAgentOutput } from '../agent-output/parser.ts';
import type { Problem, Severity } from '../agent-output/problems.ts';
import { findProblems } from '../agent-output/rules.ts';
import { type CommandContext, type CommandModule, defineCommand } from '../cli/command.ts';
import { parseSize } from '../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import { CourierError, cleanText } from '../faults/errors.ts';
import { asCourierErrorWhile } from '../faults/system-errors.ts';
import { parseHostName } from '../names/host-name.ts';

const options = {
  host: {
    kind: 'value',
    placeholder: 'NAME',
    describe: 'name of the host in Checkmk, which a piggyback header may name to lead back to it',
    parse: parseHostName,
  },
  lenient: { kind: 'switch', describe: 'let text before the first section header pass' },
  json: { kind: 'switch', describe: 'print one JSON array with an object for each file' },
  maxSize: {
    kind: 'value',
    placeholder: 'SIZE',
    describe: 'refuse larger files',
    parse: parseSize,
    fallback: '256MiB',
  },
} as const satisfies OptionTable;

type Values = OptionValues<typeof options>;

/** What is said about one file, and the shape of an element with `--json`. */
interface Report {
  readonly file: string;
  readonly sections: number;
  readonly piggybackedHosts: readonly string[];
  readonly problems: readonly Problem[];
  /** How many more problems there are than `problems` holds. */
  readonly omittedProblems: number;
}

export const check: CommandModule = defineCommand({
  summary: 'say what is wrong with agent output in a file or on stdin',
  usage: 'check [FILE…]',
  examples: [
    ['check web01.txt', 'problems of a file, with line numbers'],
    ['check --lenient --json *.txt', 'of several, for programs'],
    ['fetch --host=web01 ssh://web01 | cmk-courier check --host=web01', 'of what a source has'],
  ],
  options,
  run,
});

async function run(
  operands: readonly string[],
  values: Values,
  context: CommandContext,
): Promise<void> {
  const reports: Report[] = [];
  for (const file of operands.length === 0 ? ['-'] : operands) {
    const output = await readOutput(file, values.maxSize, context);
    const report = toReport(file, output, values);
    reports.push(report);
    if (!values.json) await context.writeOutput(Buffer.from(toText(report)));
  }
  if (values.json) await context.writeOutput(Buffer.from(`${JSON.stringify(reports, null, 2)}\n`));
  const broken = reports.filter((report) => countOf(report, 'error') > 0);
  if (broken.length > 0) {
    throw new CourierError('MALFORMED', broken.map(toSummary).join('; '));
  }
}

function toReport(operand: string, output: Buffer, { host, lenient }: Values): Report {
  const parsed = parseAgentOutput(output, host);
  return {
    file: operand === '-' ? 'stdin' : operand,
    sections: parsed.sections.length,
    piggybackedHosts: parsed.piggybackedHosts,
    problems: findProblems(output, parsed, lenient),
    omittedProblems: parsed.omittedProblems,
  };
}

/** `web01.txt:17: error: invalid section header "<<<a-b>>>" (invalid-name)`, and a line in sum. */
function toText(report: Report): string {
  const file = cleanText(report.file);
  const lines = report.problems.map(
    ({ line, severity, message, rule }) => `${file}:${line}: ${severity}: ${message} (${rule})`,
  );
  if (report.omittedProblems > 0) {
    lines.push(`${file}: ${count(report.omittedProblems, 'more problem')} not shown`);
  }
  const hosts = report.piggybackedHosts.length;
  const piggyback = hosts === 0 ? '' : `, ${count(hosts, 'piggybacked host')}`;
  lines.push(`${toSummary(report)}: ${count(report.sections, 'section')}${piggyback}`, '');
  return lines.join('\n');
}

/** `2 errors and 1 warning in web01.txt` */
function toSummary(report: Report): string {
  const errors = count(countOf(report, 'error'), 'error');
  const warnings = countOf(report, 'warning');
  const said = warnings === 0 ? errors : `${errors} and ${count(warnings, 'warning')}`;
  const least = report.omittedProblems > 0 ? 'at least ' : '';
  return `${least}${said} in ${cleanText(report.file)}`;
}

function countOf({ problems }: Report, severity: Severity): number {
  return problems.filter((problem) => problem.severity === severity).length;
}

function count(number: number, noun: string): string {
  return `${number === 0 ? 'no' : number} ${noun}${number === 1 ? '' : 's'}`;
}

async function readOutput(
  operand: string,
  maxBytes: number,
  context: CommandContext,
): Promise<Buffer> {
  if (operand === '-') return context.readInput(maxBytes);
  let file: FileHandle | undefined;
  try {
    // O_NONBLOCK: a FIFO must not hold us.
    file = await open(operand, constants.O_RDONLY | constants.O_NONBLOCK);
    return await readRegularFile(file, maxBytes);
  } catch (error) {
    throw asCourierErrorWhile(error, `reading ${operand}`);
  } finally {
    await file?.close();
  }
}

/** Not more than `maxBytes`, even if the file grows meanwhile. */
async function readRegularFile(file: FileHandle, maxBytes: number): Promise<Buffer> {
  const stats = await file.stat();
  if (!stats.isFile()) throw new CourierError('LOCAL', 'not a regular file');
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of file.createReadStream({ autoClose: false, end: maxBytes })) {
    chunks.push(chunk);
    total += chunk.length;
  }
  if (total > maxBytes) {
    throw new CourierError('TOO_LARGE', `more than the allowed ${maxBytes} bytes (--max-size)`);
  }
  return Buffer.concat(chunks, total);
}
