/** A resident command whose options may stand in a file, so that its service needs no arguments. */

import { existsSync } from 'node:fs';
import type { CommandModule, Invocation, StartConfiguration } from '../cli/command.ts';
import type { Environment } from '../cli/environment.ts';
import { parsePath } from '../cli/option-types.ts';
import { type OptionTable, parseOptions, type RawOptions } from '../cli/options.ts';
import { findConfiguration } from '../system/configuration-place.ts';

/** The file with the options of a command. */
export interface ConfigurationFile {
  /** Where it is when none is named. */
  find(env: Environment): string;
  /**
   * What a start would take from it.
   *
   * @throws CourierError CONFIG naming file and line; LOCAL when it cannot be read
   */
  read(path: string): Promise<RawOptions>;
}

export interface ConfiguredCommand extends CommandModule {
  readonly file: ConfigurationFile;
}

/**
 * The same command with `--config=FILE`. What the command line says goes first. Without `--config`
 * the file is that of the site or, outside of one, of the user or the machine, where there is one.
 * The command hears in its context what it has taken from the file.
 *
 * @param name of the file, such as `collector.yaml`
 * @param flags options that make no sense in a file
 */
export function withConfiguration(
  command: CommandModule,
  name: string,
  flags: readonly string[],
): ConfiguredCommand {
  const own = {
    config: {
      kind: 'value',
      placeholder: 'FILE',
      describe: `${name}, with the names of the options below as keys; by default that of the site or user, if there is one; options go first`,
      parse: parsePath,
    },
  } as const satisfies OptionTable;
  const inFile = Object.fromEntries(
    Object.entries(command.options).filter(([option]) => !flags.includes(option)),
  );
  const file: ConfigurationFile = {
    find: (env) => findConfiguration(name, env),
    read: async (path) => {
      const { readConfiguration } = await import('./configuration.ts');
      return readConfiguration(path, inFile);
    },
  };
  const merge = async ({ options: all, ...invocation }: Invocation, env: Environment) => {
    const { config: given = [], ...rest } = all;
    const { config } = parseOptions(own, { config: given });
    const [path, isNamed] = [config ?? file.find(env), config !== undefined];
    const options = isNamed || existsSync(path) ? await file.read(path) : {};
    const configuration: StartConfiguration = {
      ...{ path, isNamed, options },
      overridden: Object.keys(rest),
    };
    return { merged: { ...invocation, options: { ...options, ...rest } }, configuration };
  };
  return {
    ...command,
    file,
    options: { ...own, ...command.options },
    run: async (invocation, context) => {
      const { merged, configuration } = await merge(invocation, context.env);
      await command.run(merged, { ...context, configuration });
    },
  };
}
