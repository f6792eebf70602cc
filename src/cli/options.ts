/** Options: described once, read from the command line or a file, shown by --help and in READMEs. */

import { CourierError, quote } from '../faults/errors.ts';

interface Described {
  /** One sentence fragment for --help and the README table. */
  readonly describe: string;
}

/** On or off; takes no value on the command line. */
export interface SwitchSpec extends Described {
  readonly kind: 'switch';
}

/** One value. */
export interface ValueSpec<Value> extends Described {
  readonly kind: 'value';
  /** What stands for the value in --help, such as `FILE`. */
  readonly placeholder: string;
  /** Throws CourierError USAGE with a sentence that continues the option's name. */
  readonly parse: (raw: string) => Value;
  /** The raw value taken when none is given; shown in --help. */
  readonly fallback?: string;
  readonly required?: true;
}

/** May be given several times. */
export interface ListSpec<Value> extends Described {
  readonly kind: 'list';
  readonly placeholder: string;
  readonly parse: (raw: string) => Value;
}

export type OptionSpec = SwitchSpec | ValueSpec<unknown> | ListSpec<unknown>;

/** Option names in camelCase; on the command line they are kebab-case. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

type OptionValue<Spec> = Spec extends SwitchSpec
  ? boolean
  : Spec extends ListSpec<infer Value>
    ? readonly Value[]
    : Spec extends ValueSpec<infer Value>
      ? Spec extends { readonly fallback: string } | { readonly required: true }
        ? Value
        : Value | undefined
      : never;

/** The values of a table, with types inferred from it. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]: OptionValue<Table[Name]>;
};

/** Options as they were written: name → texts in order; a switch that is on has the text `true`. */
export type RawOptions = Readonly<Record<string, readonly string[]>>;

/** `maxAge` → `--max-age`. */
export function toFlag(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The options that stand in a table. */
export function pickOptions(raw: RawOptions, table: OptionTable): RawOptions {
  return Object.fromEntries(Object.entries(raw).filter(([name]) => Object.hasOwn(table, name)));
}

/**
 * Checks raw options against their table.
 *
 * @throws CourierError USAGE naming the option as a flag
 */
export function parseOptions<const Table extends OptionTable>(
  table: Table,
  raw: RawOptions,
): OptionValues<Table> {
  for (const name of Object.keys(raw)) {
    if (!Object.hasOwn(table, name))
      throw new CourierError('USAGE', `unknown option ${toFlag(name)}`);
  }
  const entries = Object.entries(table).map(([name, spec]) => [
    name,
    // A recipe may call a parameter `constructor`, which every object has something by.
    parseOption(toFlag(name), spec, (Object.hasOwn(raw, name) ? raw[name] : undefined) ?? []),
  ]);
  return Object.fromEntries(entries);
}

function parseOption(flag: string, spec: OptionSpec, texts: readonly string[]): unknown {
  if (spec.kind === 'list') return texts.map((text) => parseValue(flag, spec, text));
  const [text, second] = texts;
  if (second !== undefined) throw new CourierError('USAGE', `${flag} is given more than once`);
  if (spec.kind === 'switch') return parseSwitch(flag, text);
  const given = text ?? spec.fallback;
  if (given !== undefined) return parseValue(flag, spec, given);
  if (spec.required) throw new CourierError('USAGE', `${flag} is missing`);
  return undefined;
}

function parseSwitch(flag: string, text: string | undefined): boolean {
  if (text === undefined || text === 'false') return false;
  if (text === 'true') return true;
  throw new CourierError('USAGE', `${flag} takes no value, not ${quote(text)}`);
}

function parseValue(
  flag: string,
  spec: ValueSpec<unknown> | ListSpec<unknown>,
  text: string,
): unknown {
  return withFlag(flag, () => spec.parse(text));
}

/** Puts the option's name in front of what `parse` complains about. */
export function withFlag<Value>(flag: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof CourierError)) throw error;
    throw new CourierError(error.code, `${flag} ${error.message}`, { cause: error });
  }
}
