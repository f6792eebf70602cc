/** The server-side call: which field becomes which argument, in Python, made from the option tables. */

import type { Field } from './fields.ts';
import { quotePython } from './python.ts';
import type { RuleForm } from './rule-form.ts';

/** All of the file. */
export function writeServerSideCall(form: RuleForm): string {
  const sources = form.sources.map(({ name, fields }) => {
    const kinds = [...fields, ...form.common].map((field) => `        ${writeKind(field)},\n`);
    return `    ${quotePython(name)}: {\n${kinds.join('')}    },\n`;
  });
  return `${head}
_SOURCES: Mapping[str, Mapping[str, arguments.Kind]] = {
${sources.join('')}}

_RULES: Mapping[str, arguments.Kind] = {
${form.rules.map((field) => `    ${writeKind(field)},\n`).join('')}}

_ROUTES: Mapping[str, arguments.Kind] = {
${form.routes.map((field) => `    ${writeKind(field)},\n`).join('')}}

${tail}`;
}

/** A field and how it becomes arguments: `"ca": arguments.path`. */
export function writeKind(field: Field): string {
  return `${quotePython(field.key)}: ${kindOf(field)}`;
}

function kindOf(field: Field): string {
  switch (field.kind) {
    case 'text':
    case 'path': {
      const macros = field.kind === 'text' && field.macros === true;
      const one = field.kind === 'path' ? 'path' : macros ? 'text_with_macros' : 'text';
      return field.isList ? `arguments.each(arguments.${one})` : `arguments.${one}`;
    }
    case 'choice':
      return field.words.some((word) => word.includes('-'))
        ? 'arguments.hyphened_choice'
        : 'arguments.choice';
    case 'size':
      return 'arguments.number';
    case 'duration or unlimited':
      return 'arguments.duration_or_unlimited';
    default:
      return `arguments.${field.kind}`;
  }
}

const head = `# Written by \`npm run docs\` from the options of the program: changes belong there.
"""The command line for the rule "Agent courier"."""

from collections.abc import Iterable, Mapping

from cmk.server_side_calls.v1 import (
    HostConfig,
    noop_parser,
    SpecialAgentCommand,
    SpecialAgentConfig,
)

from .. import arguments
`;

const tail = `
def _commands(
    params: Mapping[str, object], host_config: HostConfig
) -> Iterable[SpecialAgentCommand]:
    match params.get("way"):
        case ("sources", form):
            call = _by_sources(arguments.mapping(form), host_config)
        case ("ready", form):
            call = _as_ready(arguments.mapping(form), host_config)
        case (_, form):
            call = _by_routes(arguments.mapping(form), host_config)
        case _:
            call = _by_routes({}, host_config)
    yield SpecialAgentCommand(command_arguments=list(call))


def _by_sources(
    form: Mapping[str, object], host_config: HostConfig
) -> Iterable[arguments.Argument]:
    macros = host_config.macros
    rules = {key: value for key, value in form.items() if key not in ("sources", "further")}
    yield "fetch"
    yield from arguments.of_host(host_config)
    yield from arguments.render({"report": "section", **rules}, _RULES, macros)
    for mark, key in (("--or", "sources"), ("--with", "further")):
        sources = form.get(key)
        for source in sources if isinstance(sources, list) else []:
            yield mark
            yield from _source(source, macros)


def _source(
    source: tuple[str, Mapping[str, object]], macros: Mapping[str, str]
) -> Iterable[arguments.Argument]:
    name, fields = source
    yield arguments.source(fields["source"], macros)
    others = {key: value for key, value in fields.items() if key != "source"}
    yield from arguments.render(others, _SOURCES.get(name, {}), macros)


def _by_routes(form: Mapping[str, object], host_config: HostConfig) -> Iterable[arguments.Argument]:
    yield "fetch"
    yield from arguments.of_host(host_config)
    yield from _options_of_routes(form, host_config)


def _as_ready(form: Mapping[str, object], host_config: HostConfig) -> Iterable[arguments.Argument]:
    yield "ready"
    yield host_config.name
    if address := arguments.address_of(host_config):
        yield f"--address={address}"
    yield from _options_of_routes(form, host_config)


def _options_of_routes(
    form: Mapping[str, object], host_config: HostConfig
) -> Iterable[arguments.Argument]:
    yield from arguments.tags_of(host_config)
    yield from arguments.render(form, _ROUTES, host_config.macros)


special_agent_cmk_courier = SpecialAgentConfig(
    name="cmk_courier",
    parameter_parser=noop_parser,
    commands_function=_commands,
)
`;
