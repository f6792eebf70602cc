/** Every option is a field of the form, or left out for a reason. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAgentForms } from '../../../.tools/checkmk-family/agents.ts';
import { readRuleForm } from '../../../.tools/checkmk-family/family.ts';
import { type Field, toFields } from '../../../.tools/checkmk-family/fields.ts';
import { leftOut, textNotes, togetherness } from '../../../.tools/checkmk-family/notes.ts';
import { parseText } from '../../../src/cli/option-types.ts';
import type { OptionTable } from '../../../src/cli/options.ts';
import { fetch } from '../../../src/commands/fetch.ts';
import { listAgents } from '../../../src/special-agents/catalog.ts';
import { catalog } from '../../../src/transports/catalog.ts';

/** Options that a field stands for. */
function optionsOf({ key, kind }: Field): readonly string[] {
  const name = key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return kind === 'secret' ? [`${name}File`, `${name}Id`] : [name];
}

test('every option of fetch is in the form, or left out for a reason', async () => {
  const { rules, routes } = await readRuleForm();
  const covered = new Set([...rules, ...routes].flatMap(optionsOf));
  const options = Object.keys(fetch.options);
  const missing = options.filter((name) => !covered.has(name));
  assert.deepEqual(missing.sort(), Object.keys(leftOut).sort());
});

test('every transport is a kind of source, and every option of it a field', async () => {
  const { sources } = await readRuleForm();
  const names = new Set(Object.values(catalog).map(({ transport }) => transport));
  assert.deepEqual(new Set(sources.map(({ name }) => name)), names);
  for (const { name, options, fields } of sources) {
    assert.deepEqual(fields.flatMap(optionsOf).sort(), Object.keys(options).sort(), name);
  }
});

test('every option of a special agent is in its form, or what its recipe does itself', async () => {
  const forms = await readAgentForms();
  const shipped = (await listAgents({})).map(({ name }) => name);
  assert.deepEqual(
    forms.map(({ name }) => name),
    shipped,
  );
  for (const { name, options, fields, leftOut } of forms) {
    const known = [...fields.flatMap(optionsOf), ...leftOut];
    assert.deepEqual(known.sort(), Object.keys(options).sort(), name);
  }
});

test('notes are about options and transports there are', async () => {
  const { sources, rules } = await readRuleForm();
  const known = new Set([...rules, ...sources.flatMap(({ fields }) => fields)].flatMap(optionsOf));
  assert.deepEqual(
    Object.keys(textNotes).filter((name) => !known.has(name)),
    [],
  );
  const names = sources.map(({ name }) => name);
  assert.deepEqual(
    Object.keys(togetherness).filter((name) => !names.includes(name)),
    [],
  );
});

test('an option nobody has heard of has a field by itself', () => {
  const table = {
    brandNew: { kind: 'value', placeholder: 'TEXT', describe: 'says more', parse: parseText },
    newSecretFile: {
      kind: 'value',
      placeholder: 'FILE',
      describe: 'file with it',
      parse: parseText,
    },
    newSecretId: { kind: 'value', placeholder: 'ID:FILE', describe: 'its ID', parse: parseText },
  } as const satisfies OptionTable;
  assert.deepEqual(toFields(table), [
    {
      key: 'brand_new',
      title: 'Brand new',
      help: 'Says more.',
      kind: 'text',
      isList: false,
      check: 'one_line',
      hint: '',
    },
    { key: 'new_secret', title: 'New secret', help: 'It.', kind: 'secret' },
  ]);
});
