/** The man pages: one of the program and one a command, made of what --help is made of. */

import type { CommandModule, OptionGroup } from '../../src/cli/command.ts';
import { describeOption } from '../../src/cli/help.ts';
import { type OptionSpec, type OptionTable, toFlag } from '../../src/cli/options.ts';
import { globalOptions } from '../../src/cli/read-arguments.ts';
import { commands } from '../../src/commands/catalog.ts';
import { faults } from '../../src/faults/errors.ts';
import { version } from '../../src/version.ts';
import { bold, italic, item, section, toRoff } from './roff.ts';

export interface ManPage {
  /** `cmk-courier-fetch.1` */
  readonly file: string;
  readonly text: string;
}

export async function makeManPages(): Promise<readonly ManPage[]> {
  const pages = Object.entries(commands).map(async ([name, { load }]) => {
    const command = await load();
    const groups = (await command.loadSourceOptions?.([])) ?? [];
    return commandPage(name, command, { groups, below: await sectionsBelow(command) });
  });
  return [programPage(), ...(await Promise.all(pages))];
}

const seeAlso = (...names: readonly string[]) =>
  section('See also', names.map((name) => `.BR ${toRoff(name)} (1)`).join(',\n'));

function programPage(): ManPage {
  const name = 'cmk-courier';
  const list = Object.entries(commands).map(([command, { summary }]) =>
    item(bold(`${name} ${command}`), `${summary}; see \`${name}-${command}\`(1)`),
  );
  const text = [
    head(name, 'carries Checkmk agent output to a site over any path'),
    section('Synopsis', `.B ${toRoff(name)}`, `${italic('COMMAND')} \\[u2026]`),
    section('Commands', ...list),
    section('Options', ...optionItems(globalOptions)),
    section(
      'Environment',
      item(bold('OMD_ROOT'), 'the directory of the site, below which its files are'),
      item(
        bold('XDG_CONFIG_HOME'),
        'outside of a site, where files of the user are; else `~/.config`',
      ),
    ),
    exitStatus(),
    seeAlso(...Object.keys(commands).map((command) => `${name}-${command}`)),
  ];
  return { file: `${name}.1`, text: text.join('') };
}

/** A section for each command behind another one's name. */
async function sectionsBelow({ commands: below = {} }: CommandModule): Promise<readonly string[]> {
  const sections = Object.values(below).map(async ({ load }) => {
    const command = await load();
    if (command.commands !== undefined) return sectionsBelow(command);
    const usage = item(bold(`cmk-courier ${command.usage}`), command.summary);
    const title = command.usage.replace(/ [A-Z[].*$/, '');
    return [section(title, usage, ...optionItems(command.options))];
  });
  return (await Promise.all(sections)).flat();
}

interface PageParts {
  readonly groups: readonly OptionGroup[];
  readonly below: readonly string[];
}

function commandPage(name: string, command: CommandModule, { groups, below }: PageParts): ManPage {
  const title = `cmk-courier-${name}`;
  const sources = groups.flatMap(({ schemes = [] }) => schemes);
  const examples = command.examples.map(([line, what]) => item(bold(`cmk-courier ${line}`), what));
  const text = [
    head(title, command.summary),
    section('Synopsis', `.B ${toRoff(`cmk-courier ${command.usage}`)}`),
    section('Options', ...optionItems(command.options), ...optionItems(globalOptions)),
    section('Sources', ...sources.map(([scheme, summary]) => item(bold(scheme), summary))),
    ...groups.map((group) => section(`Options of ${group.title}`, ...optionItems(group.options))),
    ...below,
    section('Examples', ...examples),
    exitStatus(),
    seeAlso('cmk-courier'),
  ];
  return { file: `${title}.1`, text: text.join('') };
}

/** Without a date, which would be another one with each build. */
function head(name: string, summary: string): string {
  const title = `.TH ${toRoff(name.toUpperCase())} 1 "" "cmk\\-courier ${toRoff(version)}"\n`;
  return `${title}${section('Name', `${toRoff(name)} \\- ${toRoff(summary)}`)}`;
}

function optionItems(options: OptionTable): readonly string[] {
  return Object.entries(options).map(([name, spec]) =>
    item(toTerm(name, spec), describeOption(spec)),
  );
}

function toTerm(name: string, spec: OptionSpec): string {
  const flag = bold(toFlag(name));
  return spec.kind === 'switch' ? flag : `${flag}=${italic(spec.placeholder)}`;
}

function exitStatus(): string {
  const rows = Object.entries(faults).map(([code, { exit, when }]) =>
    item(bold(`${exit}`), `${code}: ${when}`),
  );
  return section('Exit status', item(bold('0'), 'it is done'), ...rows);
}
