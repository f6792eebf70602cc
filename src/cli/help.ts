/** --help, laid out by yargs from the descriptions that also drive the reading. */

import yargs from 'yargs';
import type { CommandModule, OptionGroup } from './command.ts';
import { type OptionSpec, type OptionTable, toFlag } from './options.ts';
import { globalOptions, shortNames } from './read-arguments.ts';

/** Wide enough for the longest row, narrow enough for half a screen. */
const widthColumns = 100;

/** Beside an example of more columns there is too little room for what it does. */
const exampleColumns = 48;

/**
 * Help for one command.
 *
 * @param groups options of transports; two may use a name for different things, so that each group
 * is laid out by itself
 */
export async function commandHelp(
  command: CommandModule,
  groups: readonly OptionGroup[],
): Promise<string> {
  const usage = `cmk-courier ${command.usage}\n\n${toSentence(command.summary)}`;
  const everywhere = { title: 'Everywhere', options: globalOptions };
  const blocks = [
    newParser().usage(usage).getHelp(),
    describePairs(
      'Commands',
      Object.entries(command.commands ?? {}).map(([name, { summary }]) => [name, summary]),
    ),
    describeOptions({ title: 'Options', options: command.options }),
    describePairs(
      'Sources',
      groups.flatMap(({ schemes = [] }) => schemes),
    ),
    ...groups.map(describeOptions),
    describeOptions(everywhere),
    describeExamples(command.examples),
  ];
  const shown = await Promise.all(blocks);
  return shown.filter((block) => block !== '').join('\n\n');
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

/** Nothing for a group without options. */
async function describeOptions(group: OptionGroup): Promise<string> {
  if (Object.keys(group.options).length === 0) return '';
  const parser = newParser();
  for (const [name, spec] of sorted(group.options)) {
    const key = `${toFlag(name).slice(2)}${spec.kind === 'switch' ? '' : `=${spec.placeholder}`}`;
    parser.option(key, { describe: describeOption(spec), group: `${group.title}:` });
  }
  for (const [name, short] of Object.entries(shortNames)) {
    if (Object.hasOwn(group.options, name)) parser.alias(name, short);
  }
  return parser.getHelp();
}

/** What yargs calls examples: two columns below a title. */
async function describePairs(
  title: string,
  pairs: readonly (readonly [left: string, right: string])[],
): Promise<string> {
  const parser = newParser().updateStrings({ 'Examples:': `${title}:` });
  for (const [left, right] of pairs) parser.example(left, right);
  return pairs.length === 0 ? '' : parser.getHelp();
}

/** A line is never broken: it is there to be copied. Where one is long, what it does stands below. */
async function describeExamples(examples: CommandModule['examples']): Promise<string> {
  const pairs = examples.map(([line, what]) => [`cmk-courier ${line}`, what] as const);
  const widest = Math.max(0, ...pairs.map(([line]) => line.length));
  if (widest <= exampleColumns) return describePairs('Examples', pairs);
  const shown = pairs.map(([line, what]) => `  ${line}\n      ${what}`);
  return `Examples:\n${shown.join('\n')}`;
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
