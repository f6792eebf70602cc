/** argv → command → exit code; the only catch that ends in a line on stderr. */

import type { CommandModule, Invocation, KeptFiles } from './cli/command.ts';
import type { Io } from './cli/io.ts';
import { readInvocation } from './cli/read-invocation.ts';
import { commands } from './commands/catalog.ts';
import { CourierError, quote, stderrLine } from './faults/errors.ts';
import { redactSecrets } from './faults/redaction.ts';
import { asCourierError } from './faults/system-errors.ts';
import { makeLogger, type Verbosity } from './logging/log.ts';
import { suggest } from './names/nearest.ts';
import { looksLikeSource } from './transports/source.ts';
import { version } from './version.ts';

/** Runs one command line, without the program's own name, and resolves with the exit code. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const [name = '', ...rest] = args;
  const debug = rest.includes('--debug');
  try {
    return (await runProgramOption(name, rest, io)) ? 0 : await runCommand(name, rest, io);
  } catch (thrown) {
    const error = asCourierError(thrown, 'unexpected');
    const where = error.where ?? (await nameOf(args));
    // Checkmk takes the last line for the summary, so the line comes last.
    io.writeError(`${debug ? traceOf(error) : ''}${stderrLine(error, where)}\n`);
    return error.exitCode;
  }
}

/** `--version`, `--help`, `help` and `help COMMAND`. */
async function runProgramOption(
  name: string,
  [topic, ...more]: readonly string[],
  io: Io,
): Promise<boolean> {
  if (name === '--version') {
    await print(`cmk-courier ${version} (Node ${process.versions.node})`, io);
    return true;
  }
  if (name !== '--help' && name !== '-h' && name !== 'help') return false;
  if (topic !== undefined && !topic.startsWith('-')) {
    const { command, rest } = await findCommand(topic, more);
    await printHelp(command, rest, io);
    return true;
  }
  const { programHelp } = await import('./cli/help.ts');
  await print(await programHelp(commands), io);
  return true;
}

/** @param args sources among them choose whose options are shown */
async function printHelp(command: CommandModule, args: readonly string[], io: Io): Promise<void> {
  const { commandHelp } = await import('./cli/help.ts');
  const words = command.hasOptionsByWord ? args : args.filter(looksLikeSource);
  const groups = (await command.loadSourceOptions?.(words, io.env)) ?? [];
  await print(await commandHelp(command, groups), io);
}

/** @returns the exit code of a success */
async function runCommand(first: string, words: readonly string[], io: Io): Promise<number> {
  const { command, name, rest: args } = await findCommand(first, words);
  const end = args.indexOf('--');
  const asksForHelp = (end < 0 ? args : args.slice(0, end)).some(isHelpFlag);
  if (asksForHelp) {
    await printHelp(command, args, io);
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

const isHelpFlag = (arg: string) => arg === '--help' || arg === '-h';

/** Nagios plug-in API. */
const unknownExitCode = 3;

async function runLoaded(command: CommandModule, args: readonly string[], io: Io): Promise<number> {
  const { options, ...read } = await readInvocation(command, args, io.env);
  const { verbose, debug, ...own } = options;
  const verbosity: Verbosity = debug ? 'debug' : verbose ? 'info' : 'silent';
  const log = await makeLogger(verbosity, io.writeError);
  const invocation: Invocation = { ...read, options: own };
  let exitCode = 0;
  const exitWith = (code: number) => {
    exitCode = code;
  };
  if (command.keepsFiles !== undefined) await requireOwn(command.keepsFiles, invocation, io);
  const isVerbose = verbosity !== 'silent';
  await command.run(invocation, { ...io, log, isVerbose, exitWith });
  return exitCode;
}

/** @throws CourierError USAGE for root, where files belong to another user */
async function requireOwn(
  { options: names, verbs }: KeptFiles,
  { operands: [verb = ''], options }: Invocation,
  { env }: Io,
): Promise<void> {
  if (verbs !== undefined && !verbs.includes(verb)) return;
  const { requireOwner } = await import('./system/site-user.ts');
  const site = env['OMD_ROOT'] ? [env['OMD_ROOT']] : [];
  requireOwner([...site, ...names.flatMap((name) => options[name] ?? [])]);
}

/** A command, and what stands behind its name. */
interface Found {
  readonly command: CommandModule;
  /** All words of it, such as `updates keys create`. */
  readonly name: string;
  readonly rest: readonly string[];
}

/** The command that the first words name: of one that leads to others, the one that is meant. */
async function findCommand(first: string, words: readonly string[]): Promise<Found> {
  let found: Found = { command: await loadCommand(first), name: first, rest: words };
  for (;;) {
    const { command, name, rest } = found;
    const [word = '', ...behind] = rest;
    const entries = command.commands ?? {};
    const next = Object.hasOwn(entries, word) ? entries[word] : undefined;
    if (next === undefined) return found;
    found = { command: await next.load(), name: `${name} ${word}`, rest: behind };
  }
}

/** What a line on stderr names first; nothing where no command is meant. */
async function nameOf([name = '', ...words]: readonly string[]): Promise<readonly string[]> {
  if (!Object.hasOwn(commands, name)) return [];
  return [
    await findCommand(name, words).then(
      (found) => found.name,
      () => name,
    ),
  ];
}

async function loadCommand(name: string): Promise<CommandModule> {
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry !== undefined) return entry.load();
  const known = Object.keys(commands);
  if (name === '') {
    throw new CourierError('USAGE', `no command given; there are ${known.join(', ')}, and --help`);
  }
  const words = [...known, 'help', '--help', '--version'];
  throw new CourierError('USAGE', `no command ${quote(name)}; ${suggest(name, words)}`);
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
