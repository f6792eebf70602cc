/** All of a command line: the command's own part, and what stands behind each `--or` and `--with`. */

import { CourierError } from '../faults/errors.ts';
import type { CommandModule, Invocation, OptionGroup } from './command.ts';
import type { Environment } from './environment.ts';
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
  env: Environment = {},
): Promise<Invocation> {
  // No system hands one over, and no path may hold it.
  if (args.some((arg) => arg.includes('\0'))) {
    throw new CourierError('USAGE', 'an argument must not hold a zero byte');
  }
  if (command.alternatives === undefined) return readPart(command, args, command.options, env);
  const [first, ...others] = splitParts(args);
  const invocation = await readPart(command, first.args, command.options, env);
  const parts: Record<Mark, Invocation[]> = { '--or': [], '--with': [] };
  for (const part of others) parts[part.mark].push(await readBehind(command, part, env));
  const [alternatives, beside] = [parts['--or'], parts['--with']];
  return {
    ...invocation,
    ...(alternatives.length === 0 ? {} : { alternatives }),
    ...(beside.length === 0 ? {} : { with: beside }),
  };
}

/** What begins another part of the command line. */
export type Mark = '--or' | '--with';

interface Part {
  readonly mark: Mark;
  readonly args: readonly string[];
}

async function readBehind(
  command: CommandModule,
  { mark, args }: Part,
  env: Environment,
): Promise<Invocation> {
  const own = command.alternatives ?? {};
  const invocation = await readPart(command, args, own, env).catch(async (error: unknown) => {
    const { explainEarlierOption } = await import('./foreign-option.ts');
    throw (await explainEarlierOption(command, mark, args, env)) ?? error;
  });
  if (invocation.operands.length > 0) return invocation;
  throw new CourierError('USAGE', `${mark} needs a SOURCE behind it`);
}

/** Options of the program, and a source with an option no source knows, are told of as ever. */
async function readPart(
  command: CommandModule,
  args: readonly string[],
  own: OptionTable,
  env: Environment,
): Promise<Invocation> {
  const groups: readonly OptionGroup[] = (await command.loadSourceOptions?.(args, env)) ?? [];
  const tables = [own, ...groups.map(({ options }) => options), globalOptions];
  try {
    return readArguments(command.takesUnderscores ? args.map(toHyphens) : args, tables);
  } catch (error) {
    const { explainForeignOption } = await import('./foreign-option.ts');
    throw (await explainForeignOption(command, args, tables, env)) ?? error;
  }
}

/** `--vm_piggyname=…` → `--vm-piggyname=…`. */
function toHyphens(arg: string): string {
  return arg.replace(/^--[\w-]+/, (flag) => flag.replaceAll('_', '-'));
}

/** Behind `--` everything is an operand. `--with=SOURCE` is `--with SOURCE`. */
function splitParts(args: readonly string[]): readonly [Pick<Part, 'args'>, ...Part[]] {
  const end = args.indexOf('--');
  const first: string[] = [];
  const parts: (Part & { readonly args: string[] })[] = [];
  for (const [index, arg] of args.entries()) {
    const mark = end < 0 || index < end ? toMark(arg) : undefined;
    if (mark === undefined) (parts.at(-1)?.args ?? first).push(arg);
    else parts.push({ mark, args: arg === mark ? [] : [arg.slice(mark.length + 1)] });
  }
  return [{ args: first }, ...parts];
}

/** The mark an argument is; undefined for any other. */
export function toMark(arg: string): Mark | undefined {
  if (arg === '--or') return '--or';
  return arg === '--with' || arg.startsWith('--with=') ? '--with' : undefined;
}
