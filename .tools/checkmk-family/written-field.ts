/** One field of a form in Python. */

import type { Field } from './fields.ts';
import { groups, titleOfChoice } from './notes.ts';
import { callInLines, callWithText, quotePython, toFloat } from './python.ts';

export function groupOf({ key }: Field): string {
  return groups.find(([, keys]) => keys.test(key))?.[0] ?? 'More';
}

/** `Login` → `_LOGIN` */
export const groupName = (title: string) => `_${title.toUpperCase().replaceAll(' ', '_')}`;

/** `_SSH_KEY` */
export const constantName = ({ key }: Field) => `_${key.toUpperCase()}`;

/** The groups that fields are in, a line each. */
export function writeGroups(titles: readonly string[]): readonly string[] {
  return titles.map(
    (title) => `${groupName(title)} = DictGroup(title=Title(${quotePython(title)}))`,
  );
}

/** A call of agents/checkmk/cmk_courier/fields.py. */
export function writeField(field: Field, indent: string): string {
  const deeper = `${indent}    `;
  const args = [
    callWithText('Title', field.title, deeper),
    callWithText('Help', field.help, deeper),
    groupName(groupOf(field)),
  ];
  const last = field.required === true ? ['required=True'] : [];
  const call = (name: string, ...more: readonly string[]) =>
    callInLines(`fields.${name}`, [...args, ...more, ...last], indent);
  switch (field.kind) {
    case 'switch':
    case 'secret':
    case 'piggyback':
      return call(field.kind);
    case 'path': {
      const check = field.isForSsh ? 'checks.ssh_path' : 'checks.path';
      if (field.isList) return call('texts', check, quotePython('~/etc/'), 'macros=True');
      return field.isForSsh ? call('path', check) : call('path');
    }
    case 'text': {
      const { check, hint, macros } = field;
      const rest = [`checks.${check}`, quotePython(hint), ...(macros ? ['macros=True'] : [])];
      return call(field.isList ? 'texts' : 'text', ...rest);
    }
    case 'number':
      return call('number', `(${field.least}, ${field.most})`, String(field.prefill));
    case 'size':
      return call('size', String(field.prefill));
    case 'duration':
      return call('duration', toFloat(field.prefillMs), ...(field.isPositive ? [] : ['least=0.0']));
    case 'duration or unlimited':
      return call('duration_or_unlimited', toFloat(field.prefillMs));
    case 'choice':
      return call('choice', writeWords(field, deeper), quotePython(toChoice(field.prefill)));
    case 'choices':
      return call('choices', writeWords(field, deeper));
  }
}

/** The names of a choice and their titles. */
function writeWords({ key, words }: Field & { readonly words: readonly string[] }, indent: string) {
  const titled = words.map((word) => {
    const title = quotePython(titleOfChoice(key, word));
    return `${indent}    (${quotePython(toChoice(word))}, Title(${title})),\n`;
  });
  return `[\n${titled.join('')}${indent}]`;
}

/** Names of choices are identifiers: `4` → `_4`, `first-word` → `first_word`. */
function toChoice(word: string): string {
  const name = (/^\d/.test(word) ? `_${word}` : word).replaceAll('-', '_');
  if (!/^[A-Za-z_]\w*$/.test(name)) throw new Error(`no name for the choice ${word}`);
  return name;
}
