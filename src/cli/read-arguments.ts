/** The command line → operands and raw options, by yargs' own parser. */

import parse from 'yargs-parser';
import { CourierError, quote } from '../faults/errors.ts';
import { findNearest } from '../names/nearest.ts';
import type { Invocation } from './command.ts';
import { type OptionSpec, type OptionTable, toFlag } from './options.ts';

/** Options every command has. */
export const globalOptions = {
  verbose: { kind: 'switch', describe: 'say on stderr what is done' },
  debug: { kind: 'switch', describe: 'say more, and show where an error comes from' },
  help: { kind: 'switch', describe: 'show this help' },
} as const satisfies OptionTable;

/** Short forms, also of what a command may have of its own. */
export const shortNames = { verbose: 'v', help: 'h', quiet: 'q' } as const;

/**
 * Reads arguments strictly: what is not in a table is a mistake, and so is an option without
 * its value. Values stay text.
 *
 * @throws CourierError USAGE
 */
export function readArguments(args: readonly string[], tables: readonly OptionTable[]): Invocation {
  const options = tables.flatMap((table) => Object.entries(table)).map(toReadable);
  const switches = options.filter(({ kind }) => kind === 'switch').map(({ flag }) => flag);
  const valued = options.filter(({ kind }) => kind !== 'switch').map(({ flag }) => flag);
  const short = Object.entries(shortNames).filter(([name]) =>
    options.some((one) => one.name === name),
  );
  const { argv, error } = parse.detailed([...args], {
    ...configuration,
    alias: Object.fromEntries(short),
    boolean: switches,
    string: [...valued, '_'],
    narg: Object.fromEntries(options.map(({ flag, kind }) => [flag, kind === 'switch' ? 0 : 1])),
  });
  const { _: operands, ...given } = argv;
  const names = new Map(options.map(({ flag, name }) => [flag, name]));
  const entries = Object.entries(given).map(([flag, value]) => {
    const name = names.get(flag);
    if (name === undefined) throw unknownOption(asWritten(flag, args), [...names.keys()]);
    return [name, [value].flat().map(String)] as const;
  });
  if (error) throw wrongCount(error);
  return { operands: operands.map(String), options: Object.fromEntries(entries) };
}

function toReadable([name, { kind }]: readonly [string, OptionSpec]) {
  return { name, kind, flag: toFlag(name).slice(2) };
}

const configuration = {
  configuration: {
    'boolean-negation': false,
    'camel-case-expansion': false,
    'dot-notation': false,
    'parse-numbers': false,
    'parse-positional-numbers': false,
    'strip-aliased': true,
  },
};

/** yargs-parser says `Not enough arguments following: host` or `Argument unexpected for: lenient`. */
function wrongCount(error: Error): CourierError {
  const [words = '', flag = ''] = error.message.split(': ');
  const what = words.startsWith('Not enough') ? 'needs a value' : 'takes no value';
  return new CourierError('USAGE', `--${flag} ${what}`, { cause: error });
}

/** A word behind a single dash is read as many letters; whoever wrote it meant the word. */
function asWritten(flag: string, args: readonly string[]): string {
  const word = args.find((arg) => flag.length === 1 && arg.startsWith(`-${flag}`));
  return word === undefined ? `--${flag}` : (word.split('=')[0] ?? word);
}

/** Whoever writes `--password=…` is best told of the option that names a file with it. */
function findMeant(word: string, known: readonly string[]): string | undefined {
  const inFile = `${word}-file`;
  return known.includes(inFile) ? inFile : findNearest(word, known);
}

function unknownOption(given: string, known: readonly string[]): CourierError {
  const near = given.length > 2 ? findMeant(given.replace(/^-+/, ''), known) : undefined;
  const hint = near === undefined ? '--help lists those there are' : `is --${near} meant?`;
  return new CourierError('USAGE', `unknown option ${quote(given)}; ${hint}`);
}
