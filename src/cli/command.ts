/** What a command is: described once, for running and for --help. */

import { CourierError } from '../faults/errors.ts';
import type { Logger } from '../logging/log.ts';
import { describeVerb } from '../names/nearest.ts';
import type { Environment } from './environment.ts';
import type { Io } from './io.ts';
import { type OptionTable, type OptionValues, parseOptions, type RawOptions } from './options.ts';

/** A command line after the command's name. */
export interface Invocation {
  readonly operands: readonly string[];
  readonly options: RawOptions;
  /** What stands behind each `--or`, for commands that have it. */
  readonly alternatives?: readonly Invocation[];
  /** What stands behind each `--with`, for commands that have it. */
  readonly with?: readonly Invocation[];
}

/** Files that a command leaves for others: root is not to make them where another user's are. */
export interface KeptFiles {
  /** Options that say where, besides what is a site's own. */
  readonly options: readonly string[];
  /** First words behind the command that leave any; all do unless said. */
  readonly verbs?: readonly string[];
}

/** Commands by their names, each loaded when it is chosen. */
export type CommandCatalog = Readonly<
  Record<string, { readonly summary: string; readonly load: () => Promise<CommandModule> }>
>;

export interface CommandModule {
  readonly summary: string;
  /** Commands of their own behind this one's name, such as `create` behind `updates keys`. */
  readonly commands?: CommandCatalog;
  /** The command line after `cmk-courier`, such as `check [FILE…]`. */
  readonly usage: string;
  /** Command lines and what they do, for --help. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  readonly options: OptionTable;
  /**
   * For a command that takes `--or` and `--with`: options that may stand behind these, beside those
   * of sources.
   */
  readonly alternatives?: OptionTable;
  /** Faults are told as plug-ins tell them: UNKNOWN on stdout, exit code 3. */
  readonly isPlugin?: true;
  readonly keepsFiles?: KeptFiles;
  /** Whether words that are no sources choose options as well. */
  readonly hasOptionsByWord?: true;
  /** Whether an underscore in a flag is a hyphen: `--vm_piggyname`, as agents of Checkmk write some. */
  readonly takesUnderscores?: true;
  /**
   * Options that depend on the sources named in `args`; of every transport when there are none.
   *
   * @param env says where recipes of a site are
   */
  loadSourceOptions?(args: readonly string[], env?: Environment): Promise<readonly OptionGroup[]>;
  run(invocation: Invocation, context: CommandContext): Promise<void>;
}

/** Options of one transport, as --help shows them. */
export interface OptionGroup {
  readonly title: string;
  /** Of sources that take them, such as `https:`, and what each gets. */
  readonly schemes?: readonly (readonly [scheme: string, summary: string])[];
  readonly options: OptionTable;
}

/** The file from which a resident command has taken options at its start. */
export interface StartConfiguration {
  readonly path: string;
  /** Whether the command line names it: then it has to be there. */
  readonly isNamed: boolean;
  /** What was in it; nothing where there was none. */
  readonly options: RawOptions;
  /** Options of the command line, which go first. */
  readonly overridden: readonly string[];
}

export interface CommandContext extends Io {
  readonly log: Logger;
  /** For commands whose options may stand in a file. */
  readonly configuration?: StartConfiguration;
  /** With `-v` or `--debug`: who looks wants to see more. */
  readonly isVerbose?: boolean;
  /** For commands whose success has more than one exit code, such as plug-ins. */
  readonly exitWith?: (code: number) => void;
}

/** A command that only leads to others. */
export function defineGroup(
  name: string,
  spec: Pick<CommandModule, 'summary' | 'examples'> & { readonly commands: CommandCatalog },
): CommandModule {
  const names = Object.keys(spec.commands);
  return {
    ...spec,
    usage: names
      .map((command, index) => (index === 0 ? `${name} ${command}` : command))
      .join(' | '),
    options: {},
    run: async ({ operands: [verb] }) => {
      throw new CourierError('USAGE', `${describeVerb(verb, names)}; --help says more`);
    },
  };
}

/** Hides a command's own option types behind CommandModule. */
export function defineCommand<const Table extends OptionTable>(spec: {
  readonly summary: string;
  readonly usage: string;
  readonly examples: CommandModule['examples'];
  readonly options: Table;
  readonly isPlugin?: true;
  readonly keepsFiles?: KeptFiles;
  run(
    operands: readonly string[],
    values: OptionValues<Table>,
    context: CommandContext,
  ): Promise<void>;
}): CommandModule {
  return {
    ...spec,
    run: ({ operands, options }, context) =>
      spec.run(operands, parseOptions(spec.options, options), context),
  };
}
