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
import { parseSeconds } from '../../src/special-agents/recipe/parameters.ts';
import { fetchNotes, hasTitle, type Notes, type TextNote, titleOf } from './notes.ts';

export type Field = {
  /** In the form and in rules; of a secret without `_file` and `_id`. */
  readonly key: string;
  readonly title: string;
  readonly help: string;
  /** Whether a form without it makes no sense. */
  readonly required?: true;
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
  | { readonly kind: 'choice'; readonly words: readonly string[]; readonly prefill: string }
  | { readonly kind: 'choices'; readonly words: readonly string[] };

/** `connectTimeout` → `connect_timeout`. */
function toKey(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * The fields for a table of options, in its order.
 *
 * @param notes what is said of them beyond the table
 */
export function toFields(table: OptionTable, notes: Notes = fetchNotes): readonly Field[] {
  const leftOut = notes.leftOut ?? {};
  return Object.entries(table).flatMap(([name, spec]) => {
    if (Object.hasOwn(leftOut, name)) return [];
    const secret = /^(.*)(File|Id)$/.exec(name);
    const sibling = secret && `${secret[1]}${secret[2] === 'File' ? 'Id' : 'File'}`;
    if (secret?.[1] === undefined || sibling === null || !Object.hasOwn(table, sibling)) {
      return [toField(name, spec, notes)];
    }
    if (secret[2] === 'Id') return [];
    const help = spec.describe.replace(/^file with /, '');
    return [{ ...toCommon(secret[1], help, notes), kind: 'secret' } as const];
  });
}

function toField(name: string, spec: OptionSpec, notes: Notes): Field {
  const required = spec.kind === 'value' && spec.required === true;
  const common = toCommon(name, spec.describe, notes, required);
  return { ...common, ...toKind(name, spec, notes) };
}

function toCommon(name: string, describe: string, notes: Notes, required = false) {
  return {
    key: toKey(name),
    title: titleOf(name, notes),
    help: notes.helps?.[name] ?? sayHelp(describe, notes),
    ...(required || notes.required?.includes(name) ? { required: true as const } : {}),
  };
}

function toKind(name: string, spec: OptionSpec, notes: Notes): FieldKind {
  if (spec.kind === 'switch') return { kind: 'switch' };
  if (name === 'piggyback') return { kind: 'piggyback' };
  const { parse } = spec;
  const fallback = notes.prefills[name] ?? (spec.kind === 'value' ? spec.fallback : undefined);
  const isList = spec.kind === 'list';
  if (parse === parsePath || parse === parseSshPath) {
    return { kind: 'path', isForSsh: parse === parseSshPath, isList };
  }
  if (parse === parseDurationOrUnlimited) {
    return { kind: 'duration or unlimited', prefillMs: parseDuration(fallback ?? '5m') };
  }
  if (parse === parseDuration || parse === parsePositiveDuration || parse === parseSeconds) {
    const isPositive = parse !== parseDuration;
    return { kind: 'duration', isPositive, prefillMs: parseDuration(fallback ?? '10s') };
  }
  if (parse === parseSize) return { kind: 'size', prefill: parseSize(fallback ?? '64MiB') };
  const { least, most, words, several = isList ? words : undefined } = boundsOf(parse);
  if (several !== undefined) return { kind: 'choices', words: several };
  if (words !== undefined) return { kind: 'choice', words, prefill: fallback ?? words[0] ?? '' };
  if (least !== undefined && most !== undefined) {
    return { kind: 'number', least, most, prefill: Number(fallback ?? least) };
  }
  return { kind: 'text', isList, ...(notes.texts[name] ?? { check: 'one_line', hint: '' }) };
}

/** What `parseNumberWithin`, `parseOneOf` and parsers of several words say of themselves. */
function boundsOf(parse: object): {
  readonly least?: number;
  readonly most?: number;
  readonly words?: readonly string[];
  readonly several?: readonly string[];
} {
  return { ...parse };
}

/** A sentence in which options have the names of their fields. */
function sayHelp(describe: string, notes: Notes): string {
  const named = describe.replace(/`--([a-z-]+)`/g, (_, flag: string) => {
    const name = flag.replace(/-([a-z])/g, (__, letter: string) => letter.toUpperCase());
    const known = hasTitle(name, notes) ? name : name.replace(/(File|Id)$/, '');
    return `“${titleOf(known, notes)}”`;
  });
  const text = named.replaceAll('`', '');
  // An address stays as it is written, and so does a vCenter.
  const first = /^(\w+:\/\/|[a-z][A-Z])/.test(text)
    ? text.slice(0, 1)
    : text.slice(0, 1).toUpperCase();
  return `${first}${text.slice(1)}.`;
}
