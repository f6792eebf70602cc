/** The form of the rule, drawn with characters for docs/setup.md. */

import type { Field } from './fields.ts';
import { groups, sourceNotes, titleOfChoice } from './notes.ts';
import type { RuleForm, SourceForm } from './rule-form.ts';
import { groupOf } from './written-field.ts';

const width = 96;

/** Lines in a frame with a title. */
function frame(title: string, lines: readonly string[], wide: number): readonly string[] {
  const top = `┌─ ${title} `;
  return [
    `${top}${'─'.repeat(Math.max(0, wide - top.length - 1))}┐`,
    ...lines.map((line) => `│ ${line.slice(0, wide - 4).padEnd(wide - 4)} │`),
    `└${'─'.repeat(wide - 2)}┘`,
  ];
}

/** What is to be filled in. */
function control(field: Field): string {
  switch (field.kind) {
    case 'switch':
      return 'Switched on';
    case 'secret':
      return '(From the password store ▾)  [••••••••]';
    case 'piggyback':
      return '(Leave them out ▾)';
    case 'path':
      return '[~/etc/cmk-courier/        ]';
    case 'text':
      return `[${field.hint.slice(0, 26).padEnd(26)}]${field.isList ? '  + Add new entry' : ''}`;
    case 'number':
      return `[${field.prefill}]`;
    case 'size':
      return `[${field.prefill / 1024 ** 2}] MiB`;
    case 'duration':
      return `[${field.prefillMs / 1000}] seconds`;
    case 'duration or unlimited':
      return `(At most ▾)  [${field.prefillMs / 60_000}] minutes`;
    case 'choices':
      return field.words.join(', ');
    case 'choice':
      return `(${titleOfChoice(field.key, field.prefill)} ▾)`;
  }
}

function drawFields(fields: readonly Field[]): readonly string[] {
  return groups.flatMap(([title]) => {
    const own = fields.filter((field) => groupOf(field) === title);
    if (own.length === 0) return [];
    return [title, ...own.map((field) => `  ☐ ${field.title.padEnd(34)} ${control(field)}`)];
  });
}

function drawSource({ name, schemes, fields }: SourceForm, common: readonly Field[]) {
  const [title = name, hint = ''] = sourceNotes[name] ?? [];
  const shown = `(${title} (${schemes.map(([scheme]) => scheme).join(', ')}) ▾)`;
  return [shown, `Source    [${hint.padEnd(50)}]`, ...drawFields([...fields, ...common])];
}

/** All of the form, with one source open in it. */
export function drawForm(form: RuleForm): string {
  const [first, ...others] = form.sources;
  const lines = [
    'Where agent output comes from   ● From these sources',
    '                                ○ As the routes file says',
    '                                ○ As the collector has it ready',
    ...frame('Sources', first === undefined ? [] : drawSource(first, form.common), width - 4),
    '+ Add a source',
    '☐ Further sources, whose sections are added',
    ...drawFields(form.rules),
  ];
  const more = others.map((source) => frame(source.name, drawSource(source, form.common), width));
  return [
    '```',
    ...frame('Agent courier', lines, width),
    '```',
    '',
    'The other kinds of sources:',
    '',
    '```',
    ...more.flat(),
    '```',
  ].join('\n');
}
