/** A rule of its own for each special agent that comes with the program. */

import type { OptionTable } from '../../src/cli/options.ts';
import { listAgents, loadAgent, loadRecipeOf } from '../../src/special-agents/catalog.ts';
import { isOverHttp } from '../../src/special-agents/recipe/methods.ts';
import type { Recipe } from '../../src/special-agents/recipe/recipe.ts';
import { httpOptions } from '../../src/web/options.ts';
import { agentNotes, togetherIn, topics } from './agent-notes.ts';
import { type Field, toFields } from './fields.ts';
import { groups } from './notes.ts';
import { callWithText, quotePython } from './python.ts';
import { writeKind } from './server-side-call.ts';
import { constantName, groupName, groupOf, writeField, writeGroups } from './written-field.ts';

/** One rule. */
export interface AgentForm {
  readonly name: string;
  /** `cmk_courier_vsphere`: of the rule, its call and its program. */
  readonly rule: string;
  readonly title: string;
  readonly help: string;
  readonly options: OptionTable;
  /** Options that are none of the form. */
  readonly leftOut: readonly string[];
  readonly fields: readonly Field[];
  /** What the form as a whole has to be, in Python. */
  readonly validators: readonly string[];
}

/** In the order of their names. */
export async function readAgentForms(): Promise<readonly AgentForm[]> {
  const names = (await listAgents({})).filter(({ kind }) => kind !== 'own recipe');
  return Promise.all(names.map(({ name }) => readAgentForm(name)));
}

async function readAgentForm(name: string): Promise<AgentForm> {
  const [{ title, options }, recipe] = await Promise.all([
    loadAgent(name, {}),
    loadRecipeOf(name, {}),
  ]);
  const [product = title, more = title] = title.split(': ');
  const leftOut = recipe === undefined ? [] : findLeftOut(recipe);
  const required = recipe === undefined ? [] : findSecretsNeeded(recipe);
  const why = Object.fromEntries(leftOut.map((option) => [option, 'the recipe does it itself']));
  const notes = agentNotes(name, { leftOut: why, required });
  const fields = toFields(options, notes);
  return {
    name,
    rule: `cmk_courier_${name}`,
    title: `${product} (Agent courier)`,
    help: toSentence(recipe?.description ?? more),
    options,
    leftOut,
    fields,
    validators: togetherIn(fields),
  };
}

function toSentence(text: string): string {
  const clean = text.trim().replace(/\s+/g, ' ').replace(/\.$/, '');
  return `${clean.slice(0, 1).toUpperCase()}${clean.slice(1)}.`;
}

const logins = ['user', 'passwordFile', 'passwordId', 'tokenFile', 'tokenId'];

/** Options of HTTP that a recipe has no use for, since it says itself how to log in and to ask. */
function findLeftOut({ parameters, http, steps }: Recipe): readonly string[] {
  const own = new Set(Object.keys(parameters));
  const isOverWeb = steps.some(isOverHttp);
  const isNeedless = (name: string) =>
    !isOverWeb ||
    logins.includes(name) ||
    Object.hasOwn(http, name) ||
    (own.has('noCertCheck') && name === 'insecure');
  return Object.keys(httpOptions).filter(
    (name) => !own.has(name) && !own.has(name.replace(/(File|Id)$/, '')) && isNeedless(name),
  );
}

function findSecretsNeeded({ parameters }: Recipe): readonly string[] {
  return Object.entries(parameters)
    .filter(([, parameter]) => parameter.type === 'secret' && parameter.required === true)
    .map(([name]) => name);
}

/** Fields that are the same in several forms. */
function findShared(forms: readonly AgentForm[]): ReadonlyMap<string, Field> {
  const counts = new Map<string, { field: Field; count: number }>();
  for (const field of forms.flatMap(({ fields }) => fields)) {
    const written = writeField(field, '');
    counts.set(written, { field, count: (counts.get(written)?.count ?? 0) + 1 });
  }
  const shared = new Map<string, Field>();
  const keys = new Set<string>();
  for (const [written, { field, count }] of counts) {
    if (count < 2 || keys.has(field.key)) continue;
    keys.add(field.key);
    shared.set(written, field);
  }
  return shared;
}

const made = '# Written by `npm run docs` from the options of the program: changes belong there.\n';

const formImports = 'from cmk.rulesets.v1.form_specs import ';

/** Path in the family → text. */
export function writeAgents(forms: readonly AgentForm[]): ReadonlyMap<string, string> {
  const shared = findShared(forms);
  return new Map([
    ['agent_fields.py', writeShared([...shared.values()], usedGroups(forms))],
    ...forms.map((form) => [`rulesets/agent_${form.name}.py`, writeRule(form, shared)] as const),
    ['server_side_calls/agents.py', writeCalls(forms)],
    ...forms.map(({ name, rule }) => [`libexec/agent_${rule}`, writeStub(name, rule)] as const),
  ]);
}

function usedGroups(forms: readonly AgentForm[]): readonly string[] {
  const used = new Set(forms.flatMap(({ fields }) => fields.map(groupOf)));
  return groups.map(([title]) => title).filter((title) => used.has(title));
}

function writeShared(fields: readonly Field[], titles: readonly string[]): string {
  const constants = fields.map((field) => {
    const written = writeField(field, '').replaceAll(
      groupName(groupOf(field)),
      publicName(groupName(groupOf(field))),
    );
    return `${publicName(constantName(field))} = ${written}\n`;
  });
  return `${made}"""Groups, and fields that several special agents have."""

from cmk.rulesets.v1 import Help, Title
${formImports}DictGroup

from . import checks, fields

${writeGroups(titles).map(publicName).join('\n')}

${constants.join('')}`;
}

/** `_CA` → `CA` */
const publicName = (name: string) => name.replace(/^_/, '');

function writeRule(form: AgentForm, shared: ReadonlyMap<string, Field>): string {
  const elements = form.fields.map((field) => {
    const indent = '            ';
    const isShared = shared.has(writeField(field, ''));
    const group = groupName(groupOf(field));
    const value = isShared
      ? `agent_fields.${publicName(constantName(field))}`
      : writeField(field, indent).replace(group, `agent_fields.${publicName(group)}`);
    return `${indent}${quotePython(field.key)}: ${value},\n`;
  });
  const { validators } = form;
  const validate =
    validators.length === 0
      ? ''
      : `        custom_validate=(\n${validators.map((line) => `            ${line},\n`).join('')}        ),\n`;
  const body = `def _parameter_form() -> Dictionary:
    return Dictionary(
        elements={
${elements.join('')}        },
${validate}    )


rule_spec_${form.rule} = SpecialAgent(
    name=${quotePython(form.rule)},
    title=Title(${quotePython(form.title)}),
    topic=Topic.${topics[form.name] ?? 'GENERAL'},
    parameter_form=_parameter_form,
    help_text=${callWithText('Help', form.help, '    ', 'help_text=,'.length)},
)
`;
  const uses = (name: string) => new RegExp(`\\b${name}\\b`).test(body);
  const texts = ['Help', 'Message', 'Title'].filter(uses);
  const modules = ['agent_fields', 'checks', 'fields'].filter((name) => uses(`${name}\\.`));
  return `${made}"""The rule for the special agent ${form.name}."""

from cmk.rulesets.v1 import ${texts.join(', ')}
${formImports}Dictionary
from cmk.rulesets.v1.rule_specs import SpecialAgent, Topic

from .. import ${modules.join(', ')}


${body}`;
}

function writeCalls(forms: readonly AgentForm[]): string {
  const kinds = new Map<string, number>();
  for (const line of forms.flatMap(({ fields }) => fields.map(writeKind))) {
    kinds.set(line, (kinds.get(line) ?? 0) + 1);
  }
  const isShared = (line: string) => (kinds.get(line) ?? 0) > 1;
  const shared = [...kinds.keys()].filter(isShared).map((line) => `    ${line},\n`);
  const own = forms.map(({ name, fields }) => {
    const lines = fields.map(writeKind).filter((line) => !isShared(line));
    const inner = ['**_SHARED', ...lines].map((line) => `        ${line},\n`);
    return `    ${quotePython(name)}: {\n${inner.join('')}    },\n`;
  });
  const configs = forms.map(
    ({ name, rule }) => `special_agent_${rule} = SpecialAgentConfig(
    name=${quotePython(rule)},
    parameter_parser=noop_parser,
    commands_function=_commands_for(${quotePython(name)}),
)
`,
  );
  return `${made}${callHead}
# What means the same in every form that has it.
_SHARED: Mapping[str, arguments.Kind] = {
${shared.join('')}}

_AGENTS: Mapping[str, Mapping[str, arguments.Kind]] = {
${own.join('')}}
${callTail}
${configs.join('\n')}`;
}

const callHead = `"""The command lines for the rules of special agents."""

from collections.abc import Callable, Iterable, Mapping

from cmk.server_side_calls.v1 import (
    HostConfig,
    noop_parser,
    SpecialAgentCommand,
    SpecialAgentConfig,
)

from .. import arguments

_Commands = Callable[[Mapping[str, object], HostConfig], Iterable[SpecialAgentCommand]]
`;

const callTail = `

def _commands_for(name: str) -> _Commands:
    def commands(
        params: Mapping[str, object], host_config: HostConfig
    ) -> Iterable[SpecialAgentCommand]:
        yield SpecialAgentCommand(command_arguments=list(_call(name, params, host_config)))

    return commands


def _call(
    name: str, form: Mapping[str, object], host_config: HostConfig
) -> Iterable[arguments.Argument]:
    yield "agent"
    yield name
    yield from arguments.of_host(host_config)
    # The package is there, and makes the service.
    filled: Mapping[str, object] = {"own_service": "section", **form}
    yield from arguments.render(filled, _AGENTS[name], host_config.macros)

`;

function writeStub(name: string, rule: string): string {
  return `#!/bin/sh
# agent_${rule} agent ${name} OPTION…
#
# Checkmk runs a program of this name for the rule of this name. It is the one beside it.
${made}
# shellcheck source=/dev/null
. "\${0%/*}/agent_cmk_courier"
`;
}
