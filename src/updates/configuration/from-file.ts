/** Turns what the schema has read into rules. */

import type { YamlLayout, YamlProblem } from '../../cli/yaml-file.ts';
import { lineOf } from '../../cli/yaml-problems.ts';
import { quote } from '../../faults/errors.ts';
import { suggest } from '../../names/nearest.ts';
import { conditionKeys, type Groups, parseHostChoice, toConditions } from './conditions.ts';
import { pathProblem } from './places.ts';
import type { ParameterValue, Rule, Setting } from './rules.ts';
import type { RuleInFile, UpdatesFile } from './schema.ts';
import { type ReadStages, toStages } from './stages.ts';

interface Read extends ReadStages {
  readonly rules: readonly Rule[];
}

export function toRules(file: UpdatesFile, layout: YamlLayout): Read {
  const groups = new Map(
    Object.entries(file.groups ?? {}).map(([name, hosts]) => {
      return [name, parseHostChoice(hosts)];
    }),
  );
  const problems: YamlProblem[] = [];
  const rules = file.rules.map((rule, index): Rule => {
    const path = ['rules', index];
    const sets = toSettings(rule, path, layout);
    problems.push(...findUnknownGroups(rule, groups, lineOf([...path, 'groups'], layout)));
    for (const [parameter, { line }] of sets) {
      const message = pathProblem(parameter);
      if (message !== undefined) problems.push({ line, message });
    }
    return {
      name: rule.name ?? describeRule(rule),
      line: lineOf(path, layout),
      conditions: toConditions(rule, groups),
      sets,
    };
  });
  const read = toStages(file.stages, groups, layout);
  const unknown = (file.stages ?? []).flatMap((stage, at) => {
    return findUnknownGroups(stage, groups, lineOf(['stages', at, 'groups'], layout));
  });
  return { rules, stages: read.stages, problems: [...problems, ...read.problems, ...unknown] };
}

function describeRule(rule: RuleInFile): string {
  return conditionKeys.flatMap((key) => rule[key] ?? []).join(' ') || 'every host';
}

function findUnknownGroups(
  { groups: wanted = [] }: Pick<RuleInFile, 'groups'>,
  groups: Groups,
  line: number,
): readonly YamlProblem[] {
  const names = wanted.map((name) => name.replace(/^!/, ''));
  const unknown = names.filter((name) => !groups.has(name));
  return unknown.map((name) => {
    const hint = groups.size === 0 ? 'there are none' : suggest(name, [...groups.keys()]);
    return { line, message: `no group ${quote(name)}; ${hint}` };
  });
}

const single = ['agent', 'package', 'format', 'action', 'selfTest'] as const;
const several = ['plugins', 'local', 'config', 'programs', 'updater'] as const;

/** By their names: `agent`, `plugins.mk_apt`, `updater.interval`. */
function toSettings(
  rule: RuleInFile,
  path: readonly PropertyKey[],
  layout: YamlLayout,
): ReadonlyMap<string, Setting> {
  const sets = new Map<string, Setting>();
  const set = (value: ParameterValue | undefined, ...keys: readonly string[]) => {
    if (value === undefined) return;
    sets.set(keys.join('.'), { value, line: lineOf([...path, ...keys], layout) });
  };
  for (const key of single) set(rule[key], key);
  for (const key of several) {
    for (const [name, value] of Object.entries(rule[key] ?? {})) set(value, key, name);
  }
  return sets;
}
