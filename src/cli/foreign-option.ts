/** An option that there is, but not here: of sources of another kind. */

import { CourierError } from '../faults/errors.ts';
import type { CommandModule, OptionGroup } from './command.ts';
import type { Environment } from './environment.ts';
import { type OptionTable, toFlag } from './options.ts';
import { globalOptions, readArguments } from './read-arguments.ts';

/**
 * Looks whether arguments that could not be read make sense with the options of all kinds of
 * sources, and says to which the strange one belongs.
 *
 * @param tables what the arguments were read with
 * @returns undefined when that is not what is wrong
 */
export async function explainForeignOption(
  command: CommandModule,
  args: readonly string[],
  tables: readonly OptionTable[],
  env: Environment,
): Promise<CourierError | undefined> {
  const groups = (await command.loadSourceOptions?.([], env)) ?? [];
  const name = findForeignOption(args, tables, groups);
  if (name === undefined) return undefined;
  const owners = groups.filter(({ options }) => Object.hasOwn(options, name));
  const schemes = owners.flatMap(({ schemes: own = [] }) => own.map(([scheme]) => scheme));
  return new CourierError(
    'USAGE',
    `${toFlag(name)} is an option of ${schemes.join(', ')} sources, and no such source is given`,
  );
}

/**
 * Looks whether arguments behind `--or` or `--with` hold an option of the command, which is for all
 * sources.
 *
 * @returns undefined when that is not what is wrong
 */
export async function explainEarlierOption(
  command: CommandModule,
  mark: string,
  args: readonly string[],
  env: Environment,
): Promise<CourierError | undefined> {
  const groups = (await command.loadSourceOptions?.([], env)) ?? [];
  const tables = [
    command.alternatives ?? {},
    ...groups.map(({ options }) => options),
    globalOptions,
  ];
  const name = findForeignOption(args, tables, [{ title: '', options: command.options }]);
  if (name === undefined) return undefined;
  return new CourierError(
    'USAGE',
    `${toFlag(name)} is for all sources and stands ahead of ${mark}`,
  );
}

function findForeignOption(
  args: readonly string[],
  tables: readonly OptionTable[],
  groups: readonly OptionGroup[],
): string | undefined {
  try {
    const all = [...groups.map(({ options }) => options), ...tables];
    const { options } = readArguments(args, all);
    return Object.keys(options).find((name) => !tables.some((table) => Object.hasOwn(table, name)));
  } catch {
    // Then something else is wrong as well, and worth being told first.
    return undefined;
  }
}
