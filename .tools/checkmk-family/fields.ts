/** Options → fields of a form. What kind of field it is follows from what reads the option. */

import {
  parseDuration,
  parseDurationOrUnlimited,
  parsePath,
  parsePositiveDuration,
  parseSize,
} from '../../src/cli/option-types.ts';
import type { OptionSpec, OptionTable } from '../../src/cli/options.ts';
import { parseSshPath } from '../../src/openssh/values.ts';
import { hasTitle, prefills, type TextNote, textNotes, titleOf } from './notes.ts';

export type Field = {
  /** In the form and in rules; of a secret without `_file` and `_id`. */
  readonly key: string;
  readonly title: string;
  readonly help: string;
} & FieldKind;

type FieldKind =
  | { readonly kind: 'switch' | 'secret' | 'piggyback' }
  | { readonly kind: 'path'; readonly isForSsh: boolean; readonly isList: boolean }
  | ({ readonly kind: 'text'; readonly isList: boolean } & TextNote)
  | {
      readonly kind: 'number';
      readonly least: number;
      readonly most: number;
      readonly prefill: number;
    }
  | { readonly kind: 'size'; readonly prefill: number }
  | { readonly kind: 'duration'; readonly isPositive: boolean; readonly prefillMs: number }
  | { readonly kind: 'duration or unlimited'; readonly prefillMs: number }
  | { readonly kind: 'choice'; readonly words: readonly string[]; readonly prefill: string };

/** `connectTimeout` → `connect_timeout`. */
function toKey(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * The fields for a table of options, in its order.
 *
 * @param leftOut options that are none of the form, with the reason
 */
export function toFields(
  table: OptionTable,
  leftOut: Readonly<Record<string, string>> = {},
): readonly Field[] {
  return Object.entries(table).flatMap(([name, spec]) => {
    if (Object.hasOwn(leftOut, name)) return [];
    const secret = /^(.*)(File|Id)$/.exec(name);
    const sibling = secret && `${secret[1]}${secret[2] === 'File' ? 'Id' : 'File'}`;
    if (secret?.[1] === undefined || sibling === null || !Object.hasOwn(table, sibling)) {
      return [toField(name, spec)];
    }
    if (secret[2] === 'Id') return [];
    const help = sayHelp(spec.describe.replace(/^file with /, ''));
    return [{ key: toKey(secret[1]), title: titleOf(secret[1]), help, kind: 'secret' } as const];
  });
}

function toField(name: string, spec: OptionSpec): Field {
  const common = { key: toKey(name), title: titleOf(name), help: sayHelp(spec.describe) };
  return { ...common, ...toKind(name, spec) };
}

function toKind(name: string, spec: OptionSpec): FieldKind {
  if (spec.kind === 'switch') return { kind: 'switch' };
  if (name === 'piggyback') return { kind: 'piggyback' };
  const { parse } = spec;
  const fallback = prefills[name] ?? (spec.kind === 'value' ? spec.fallback : undefined);
  const isList = spec.kind === 'list';
  if (parse === parsePath || parse === parseSshPath) {
    return { kind: 'path', isForSsh: parse === parseSshPath, isList };
  }
  if (parse === parseDurationOrUnlimited) {
    return { kind: 'duration or unlimited', prefillMs: parseDuration(fallback ?? '5m') };
  }
  if (parse === parseDuration || parse === parsePositiveDuration) {
    const isPositive = parse === parsePositiveDuration;
    return { kind: 'duration', isPositive, prefillMs: parseDuration(fallback ?? '10s') };
  }
  if (parse === parseSize) return { kind: 'size', prefill: parseSize(fallback ?? '64MiB') };
  const { least, most, words } = boundsOf(parse);
  if (words !== undefined) return { kind: 'choice', words, prefill: fallback ?? words[0] ?? '' };
  if (least !== undefined && most !== undefined) {
    return { kind: 'number', least, most, prefill: Number(fallback ?? least) };
  }
  return { kind: 'text', isList, ...(textNotes[name] ?? { check: 'one_line', hint: '' }) };
}

/** What `parseNumberWithin` and `parseOneOf` say of themselves. */
function boundsOf(parse: object): {
  readonly least?: number;
  readonly most?: number;
  readonly words?: readonly string[];
} {
  return { ...parse };
}

/** A sentence in which options have the names of their fields. */
function sayHelp(describe: string): string {
  const named = describe.replace(/`--([a-z-]+)`/g, (_, flag: string) => {
    const name = flag.replace(/-([a-z])/g, (__, letter: string) => letter.toUpperCase());
    return `“${hasTitle(name) ? titleOf(name) : titleOf(name.replace(/(File|Id)$/, ''))}”`;
  });
  const text = named.replaceAll('`', '');
  // An address stays as it is written.
  const first = /^\w+:\/\//.test(text) ? text.slice(0, 1) : text.slice(0, 1).toUpperCase();
  return `${first}${text.slice(1)}.`;
}
