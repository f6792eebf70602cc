/** --help, laid out by yargs from the descriptions that also drive the reading. */

import yargs from 'yargs';
import type { CommandModule, OptionGroup } from './command.ts';
import { type OptionSpec, type OptionTable, toFlag } from './options.ts';
import { globalOptions, shortNames } from './read-arguments.ts';

/** Wide enough for the longest row, narrow enough for half a screen. */
const widthColumns = 100;

/** Help for one command. */
export async function commandHelp(
  command: CommandModule,
  groups: readonly OptionGroup[],
): Promise<string> {
  const parser = newParser().usage(
    `cmk-courier ${command.usage}\n\n${toSentence(command.summary)}`,
  );
  const all = [{ title: 'Options', options: command.options }, ...groups];
  for (const group of all) describeOptions(parser, group);
  describeOptions(parser, { title: 'Everywhere', options: globalOptions });
  for (const [name, short] of Object.entries(shortNames)) parser.alias(name, short);
  for (const [line, what] of command.examples) parser.example(`cmk-courier ${line}`, what);
  return parser.getHelp();
}

/** Help for the program: its commands. */
export async function programHelp(
  commands: Readonly<Record<string, { readonly summary: string }>>,
): Promise<string> {
  const parser = newParser().usage(
    'cmk-courier COMMAND …\n\nCarries Checkmk agent output to a site.',
  );
  for (const [name, { summary }] of Object.entries(commands)) parser.command(name, summary);
  return parser
    .epilogue('cmk-courier COMMAND --help says more; --version names the version.')
    .getHelp();
}

function newParser() {
  return yargs([]).help(false).version(false).wrap(widthColumns).scriptName('cmk-courier');
}

function describeOptions(parser: ReturnType<typeof newParser>, group: OptionGroup): void {
  for (const [name, spec] of sorted(group.options)) {
    const key = `${toFlag(name).slice(2)}${spec.kind === 'switch' ? '' : `=${spec.placeholder}`}`;
    parser.option(key, { describe: describeOption(spec), group: `${group.title}:` });
  }
}

/** Required options first, then as they stand in the table. */
function sorted(options: OptionTable): readonly (readonly [string, OptionSpec])[] {
  const entries = Object.entries(options);
  return [
    ...entries.filter(([, spec]) => isRequired(spec)),
    ...entries.filter(([, spec]) => !isRequired(spec)),
  ];
}

function isRequired(spec: OptionSpec): boolean {
  return spec.kind === 'value' && spec.required === true;
}

/** One row of --help, and of the tables in the READMEs. */
export function describeOption(spec: OptionSpec): string {
  if (spec.kind === 'list') return `${spec.describe} (may be given again)`;
  if (spec.kind === 'switch') return spec.describe;
  if (spec.required) return `${spec.describe} (required)`;
  return spec.fallback ? `${spec.describe} (default ${spec.fallback})` : spec.describe;
}

function toSentence(summary: string): string {
  return `${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}.`;
}
