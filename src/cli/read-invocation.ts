/** All of a command line: the command's own part, and what stands behind each `--or`. */

import { CourierError } from '../faults/errors.ts';
import type { CommandModule, Invocation, OptionGroup } from './command.ts';
import type { OptionTable } from './options.ts';
import { globalOptions, readArguments } from './read-arguments.ts';

/**
 * Reads the arguments of a command against all options it has, those of its sources among them.
 *
 * @throws CourierError USAGE
 */
export async function readInvocation(
  command: CommandModule,
  args: readonly string[],
): Promise<Invocation> {
  // No system hands one over, and no path may hold it.
  if (args.some((arg) => arg.includes('\0'))) {
    throw new CourierError('USAGE', 'an argument must not hold a zero byte');
  }
  if (command.alternatives === undefined) return readPart(command, args, command.options);
  const [first, ...others] = splitAlternatives(args);
  const invocation = await readPart(command, first, command.options);
  const alternatives: Invocation[] = [];
  for (const part of others) alternatives.push(await readAlternative(command, part));
  return alternatives.length === 0 ? invocation : { ...invocation, alternatives };
}

async function readAlternative(
  command: CommandModule,
  args: readonly string[],
): Promise<Invocation> {
  const own = command.alternatives ?? {};
  const invocation = await readPart(command, args, own).catch(async (error: unknown) => {
    const { explainEarlierOption } = await import('./foreign-option.ts');
    throw (await explainEarlierOption(command, args, own)) ?? error;
  });
  if (invocation.operands.length > 0) return invocation;
  throw new CourierError('USAGE', '--or needs a SOURCE behind it');
}

/** Options of the program, and a source with an option no source knows, are told of as ever. */
async function readPart(
  command: CommandModule,
  args: readonly string[],
  own: OptionTable,
): Promise<Invocation> {
  const groups: readonly OptionGroup[] = (await command.loadSourceOptions?.(args)) ?? [];
  const tables = [own, ...groups.map(({ options }) => options), globalOptions];
  try {
    return readArguments(args, tables);
  } catch (error) {
    const { explainForeignOption } = await import('./foreign-option.ts');
    throw (await explainForeignOption(command, args, tables)) ?? error;
  }
}

/** Behind `--` everything is an operand. */
function splitAlternatives(
  args: readonly string[],
): readonly [readonly string[], ...(readonly string[])[]] {
  const end = args.indexOf('--');
  const isMark = (arg: string, index: number) => arg === '--or' && (end < 0 || index < end);
  const marks = [...args.keys()].filter((index) => isMark(args[index] ?? '', index));
  const parts = marks.map((mark, index) => args.slice(mark + 1, marks[index + 1]));
  return [args.slice(0, marks[0]), ...parts];
}
