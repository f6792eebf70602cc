/** argv → command → exit code; the only catch that ends in a line on stderr. */

import type { CommandModule, Invocation } from './cli/command.ts';
import type { Io } from './cli/io.ts';
import { globalOptions, readArguments } from './cli/read-arguments.ts';
import { commands } from './commands/catalog.ts';
import { CourierError, quote, stderrLine } from './faults/errors.ts';
import { redactSecrets } from './faults/redaction.ts';
import { asCourierError } from './faults/system-errors.ts';
import { makeLogger, type Verbosity } from './logging/log.ts';
import { version } from './version.ts';

/** Runs one command line, without the program's own name, and resolves with the exit code. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const [name = '', ...rest] = args;
  const debug = rest.includes('--debug');
  try {
    return (await runProgramOption(name, io)) ? 0 : await runCommand(name, rest, io);
  } catch (thrown) {
    const error = asCourierError(thrown, 'unexpected');
    const where = error.where ?? (Object.hasOwn(commands, name) ? [name] : []);
    // Checkmk takes the last line for the summary, so the line comes last.
    io.writeError(`${debug ? traceOf(error) : ''}${stderrLine(error, where)}\n`);
    return error.exitCode;
  }
}

/** `--version`, `--help` and nothing at all. */
async function runProgramOption(name: string, io: Io): Promise<boolean> {
  if (name === '--version') {
    await print(`cmk-courier ${version} (Node ${process.versions.node})`, io);
    return true;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    const { programHelp } = await import('./cli/help.ts');
    await print(await programHelp(commands), io);
    return true;
  }
  return false;
}

/** @returns the exit code of a success */
async function runCommand(name: string, args: readonly string[], io: Io): Promise<number> {
  const command = await loadCommand(name);
  if (args.includes('--help') || args.includes('-h')) {
    const { commandHelp } = await import('./cli/help.ts');
    await print(await commandHelp(command, (await command.loadSourceOptions?.([])) ?? []), io);
    return 0;
  }
  try {
    return await runLoaded(command, args, io);
  } catch (thrown) {
    const error = asCourierError(thrown, 'unexpected');
    if (!command.isPlugin || error.code === 'INTERRUPTED') throw error;
    if (args.includes('--debug')) io.writeError(traceOf(error));
    await print(`UNKNOWN - ${stderrLine(error, error.where ?? [name])}`, io);
    return unknownExitCode;
  }
}

/** Nagios plug-in API. */
const unknownExitCode = 3;

async function runLoaded(command: CommandModule, args: readonly string[], io: Io): Promise<number> {
  const groups = (await command.loadSourceOptions?.(args)) ?? [];
  const tables = [command.options, ...groups.map((group) => group.options), globalOptions];
  const { operands, options } = readArguments(args, tables);
  const { verbose, debug, ...own } = options;
  const verbosity: Verbosity = debug ? 'debug' : verbose ? 'info' : 'silent';
  const log = await makeLogger(verbosity, io.writeError);
  const invocation: Invocation = { operands, options: own };
  let exitCode = 0;
  const exitWith = (code: number) => {
    exitCode = code;
  };
  await command.run(invocation, { ...io, log, exitWith });
  return exitCode;
}

async function loadCommand(name: string): Promise<CommandModule> {
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry !== undefined) return entry.load();
  const known = Object.keys(commands).join(', ');
  const what = name === '' ? 'no command given' : `no command ${quote(name)}`;
  throw new CourierError('USAGE', `${what}; there are ${known}, and --help`);
}

async function print(text: string, io: Io): Promise<void> {
  await io.writeOutput(Buffer.from(`${text.trimEnd()}\n`));
}

/** Stack and causes, for --debug. */
function traceOf(error: Error): string {
  const trace = [error.stack ?? error.message];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    trace.push(`caused by ${cause.stack ?? cause.message}`);
  }
  return redactSecrets(`${trace.join('\n')}\n`);
}
