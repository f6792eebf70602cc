/** The rule "Agent courier": its form in Python, made from the option tables. */

import type { OptionTable } from '../../src/cli/options.ts';
import type { Field } from './fields.ts';
import { groups, sourceNotes, togetherness } from './notes.ts';
import { callInLines, callWithText, quotePython } from './python.ts';
import { constantName, groupOf, writeField, writeGroups } from './written-field.ts';

/** One kind of source. */
export interface SourceForm {
  /** The transport, and the name of the choice. */
  readonly name: string;
  /** `https:` and what it gets. */
  readonly schemes: readonly (readonly [scheme: string, summary: string])[];
  readonly options: OptionTable;
  readonly fields: readonly Field[];
}

/** All of the form. */
export interface RuleForm {
  readonly sources: readonly SourceForm[];
  /** For all sources of a chain. */
  readonly rules: readonly Field[];
  /** Of one source, beside those of its transport. */
  readonly common: readonly Field[];
  /** Where the routes file decides. */
  readonly routes: readonly Field[];
}

/** All of the file. */
export function writeRuleForm(form: RuleForm): string {
  const shared = findShared(form);
  const constants = [...shared.values()].map(
    (field) => `${constantName(field)} = ${writeField(field, '')}`,
  );
  return [
    head,
    ...writeGroups(usedGroups(form)),
    `\n_TLS_FIELDS = ${writeTlsFields()}`,
    '\n# What several kinds of sources have.\n',
    constants.join('\n'),
    ...form.sources.map((source) => `\n\n${writeSource(source, form.common, shared)}`),
    `\n\n${writeChoices(form)}`,
    `\n\n${writeRules(form)}`,
    `\n\n${writeRoutes(form)}`,
    `\n\n${ways}`,
    '',
  ].join('\n');
}

/** Those of special agents are others. */
function usedGroups({ sources, rules, common, routes }: RuleForm): readonly string[] {
  const fields = [...sources.flatMap((source) => source.fields), ...rules, ...common, ...routes];
  const used = new Set(fields.map(groupOf));
  return groups.map(([title]) => title).filter((title) => used.has(title));
}

/** What makes no sense without TLS. */
function writeTlsFields(): string {
  const keys = ['cert', 'key', 'key_password', 'ca', 'tls_pin', 'tls_server_name', 'insecure'];
  return `(\n${keys.map((key) => `    ${quotePython(key)},\n`).join('')})`;
}

const head = `# Written by \`npm run docs\` from the options of the program: changes belong there.
"""The rule "Agent courier": where the agent output of hosts comes from."""

from cmk.rulesets.v1 import Help, Label, Message, Title
from cmk.rulesets.v1.form_specs import (
    CascadingSingleChoice,
    CascadingSingleChoiceElement,
    DefaultValue,
    DictElement,
    DictGroup,
    Dictionary,
    List,
    NoGroup,
)
from cmk.rulesets.v1.form_specs.validators import LengthInRange
from cmk.rulesets.v1.rule_specs import SpecialAgent, Topic

from .. import checks, fields
`;

/** Fields that are the same for several kinds of sources, by how they are written. */
function findShared(form: RuleForm): ReadonlyMap<string, Field> {
  const counts = new Map<string, number>();
  const all = form.sources.flatMap((source) => source.fields);
  for (const field of all) {
    const written = writeField(field, '');
    counts.set(written, (counts.get(written) ?? 0) + 1);
  }
  const several = all.filter((field) => (counts.get(writeField(field, '')) ?? 0) > 1);
  const taken = new Map<string, Field>();
  for (const field of several) {
    const written = writeField(field, '');
    const isTaken = [...taken].some(([other, { key }]) => key === field.key && other !== written);
    if (!isTaken) taken.set(written, field);
  }
  for (const field of form.common) taken.set(writeField(field, ''), field);
  return taken;
}

function writeElements(
  fields: readonly Field[],
  shared: ReadonlyMap<string, Field>,
  indent: string,
): string {
  const lines = fields.map((field) => {
    const same = shared.get(writeField(field, ''));
    const value = same === undefined ? writeField(field, indent) : constantName(same);
    return `${indent}${quotePython(field.key)}: ${value},\n`;
  });
  return lines.join('');
}

function writeSource(
  { name, schemes, fields }: SourceForm,
  common: readonly Field[],
  shared: ReadonlyMap<string, Field>,
): string {
  const [, hint = ''] = sourceNotes[name] ?? [];
  const kinds = schemes.map(([scheme, summary]) => `${scheme} ${summary}`).join('; ');
  const help = `${kinds}. {host} and {address} are filled in; macros of the host as well, percent-encoded.`;
  const source = callInLines(
    'fields.text',
    [
      'Title("Source")',
      callWithText('Help', help, '                '),
      'NoGroup()',
      `checks.${name}_source`,
      quotePython(hint),
      'macros=True',
      'required=True',
    ],
    '            ',
  );
  const together = togetherness[name] ?? [];
  const validators = together.length === 0 ? '' : writeValidators(together);
  return (
    `def _${name}() -> Dictionary:\n    return Dictionary(\n        elements={\n` +
    `            "source": ${source},\n` +
    writeElements([...fields, ...common], shared, '            ') +
    `        },\n${validators}    )`
  );
}

function writeValidators(together: readonly string[]): string {
  const [first, ...others] = together;
  if (others.length === 0) return `        custom_validate=(${first},),\n`;
  return `        custom_validate=(\n${together.map((line) => `            ${line},\n`).join('')}        ),\n`;
}

function writeChoices({ sources }: RuleForm): string {
  const choices = sources.map(({ name, schemes }) => {
    const [title = name] = sourceNotes[name] ?? [];
    const shown = `${title} (${schemes.map(([scheme]) => scheme).join(', ')})`;
    const args = [
      `name=${quotePython(name)}`,
      `title=Title(${quotePython(shown)})`,
      `parameter_form=_${name}()`,
    ];
    return `${callInLines('CascadingSingleChoiceElement', args, '            ')},\n`;
  });
  const elements = choices.map((choice) => `            ${choice}`).join('');
  return `def _source() -> CascadingSingleChoice:
    return CascadingSingleChoice(
        elements=[
${elements}        ],
    )`;
}

function writeRules({ rules }: RuleForm): string {
  return `def _sources() -> Dictionary:
    return Dictionary(
        elements={
            "sources": DictElement(
                required=True,
                parameter_form=List(
                    title=Title("Sources"),
                    help_text=Help("They are asked in this order; the first good output counts."),
                    element_template=_source(),
                    add_element_label=Label("Add a source"),
                    remove_element_label=Label("Remove this source"),
                    no_element_label=Label("No sources"),
                    custom_validate=(
                        LengthInRange(
                            min_value=1, error_msg=Message("At least one source is needed.")
                        ),
                    ),
                ),
            ),
            "further": DictElement(
                parameter_form=List(
                    title=Title("Further sources, whose sections are added"),
                    help_text=Help(
                        "They are asked at the same time as the sources above, and checked like "
                        "them. One that fails costs only its own sections; the service Agent "
                        "courier tells. A section that is there already is not added."
                    ),
                    element_template=_source(),
                    add_element_label=Label("Add a source"),
                    remove_element_label=Label("Remove this source"),
                    no_element_label=Label("No further sources"),
                ),
            ),
${writeElements(rules, new Map(), '            ')}        },
        custom_validate=(checks.spool_for_grace,),
    )`;
}

function writeRoutes({ routes }: RuleForm): string {
  return `def _routes() -> Dictionary:
    return Dictionary(
        elements={
${writeElements(routes, new Map(), '            ')}        },
    )`;
}

const ways = `def _parameter_form() -> Dictionary:
    return Dictionary(
        elements={
            "way": DictElement(
                required=True,
                parameter_form=CascadingSingleChoice(
                    title=Title("Where agent output comes from"),
                    elements=[
                        CascadingSingleChoiceElement(
                            name="sources",
                            title=Title("From these sources"),
                            parameter_form=_sources(),
                        ),
                        CascadingSingleChoiceElement(
                            name="routes",
                            title=Title("As the routes file says"),
                            parameter_form=_routes(),
                        ),
                        CascadingSingleChoiceElement(
                            name="ready",
                            title=Title("As the collector has it ready"),
                            parameter_form=_routes(),
                        ),
                    ],
                    prefill=DefaultValue("sources"),
                ),
            ),
        }
    )


rule_spec_cmk_courier = SpecialAgent(
    name="cmk_courier",
    title=Title("Agent courier"),
    topic=Topic.GENERAL,
    parameter_form=_parameter_form,
    help_text=Help(
        "Agent output of hosts that the site does not ask itself: from web servers, files, mail, "
        "SSH, the agent port and more, or what a host has pushed. Output that is old, torn or not "
        "agent output at all is refused, and the next source is asked. The name, the address and "
        "the tags of the host are handed on."
    ),
)`;
