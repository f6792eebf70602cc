/** A resident command whose options may stand in a file, so that its service needs no arguments. */

import { existsSync } from 'node:fs';
import type { CommandModule, Invocation } from '../cli/command.ts';
import type { Environment } from '../cli/environment.ts';
import { parsePath } from '../cli/option-types.ts';
import { type OptionTable, parseOptions } from '../cli/options.ts';
import { findConfiguration } from '../system/configuration-place.ts';

/**
 * The same command with `--config=FILE`. What the command line says goes first. Without `--config`
 * the file is that of the site or, outside of one, of the user or the machine, where there is one.
 *
 * @param name of the file, such as `collector.yaml`
 * @param flags options that make no sense in a file
 */
export function withConfiguration(
  command: CommandModule,
  name: string,
  flags: readonly string[],
): CommandModule {
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
  const merge = async ({ options, ...invocation }: Invocation, env: Environment) => {
    const { config: given = [], ...rest } = options;
    const { config = findDefault(name, env) } = parseOptions(own, { config: given });
    if (config === undefined) return { ...invocation, options: rest };
    const { readConfiguration } = await import('./configuration.ts');
    const fromFile = await readConfiguration(config, inFile);
    return { ...invocation, options: { ...fromFile, ...rest } };
  };
  return {
    ...command,
    options: { ...own, ...command.options },
    run: async (invocation, context) => command.run(await merge(invocation, context.env), context),
  };
}

function findDefault(name: string, env: Environment): string | undefined {
  const path = findConfiguration(name, env);
  return existsSync(path) ? path : undefined;
}
