/** Turns what the schema has read into rules. */

import type { YamlLayout, YamlProblem } from '../../cli/yaml-file.ts';
import { lineOf } from '../../cli/yaml-problems.ts';
import { quote } from '../../faults/errors.ts';
import { suggest } from '../../names/nearest.ts';
import { parseHostPatterns } from '../../routes/patterns.ts';
import type { TagConditions } from '../../routes/route.ts';
import { pathProblem } from './places.ts';
import type { Group, ParameterValue, Rule, Setting } from './rules.ts';
import type { RuleInFile, UpdatesFile } from './schema.ts';

interface Read {
  readonly rules: readonly Rule[];
  readonly problems: readonly YamlProblem[];
}

export function toRules(file: UpdatesFile, layout: YamlLayout): Read {
  const groups = new Map(
    Object.entries(file.groups ?? {}).map(([name, hosts]) => {
      return [name, { name, hosts: parseHostPatterns(hosts) }];
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
      conditions: {
        hosts: rule.hosts && parseHostPatterns(rule.hosts),
        groups: rule.groups?.flatMap((name) => groups.get(name) ?? []),
        tags: toTagConditions(rule.tags),
        labels: toTagConditions(rule.labels),
      },
      sets,
    };
  });
  return { rules, problems };
}

function describeRule({ hosts, groups, tags, labels }: RuleInFile): string {
  return [hosts, groups, tags, labels].flatMap((words) => words ?? []).join(' ') || 'every host';
}

function findUnknownGroups(
  rule: RuleInFile,
  groups: ReadonlyMap<string, Group>,
  line: number,
): readonly YamlProblem[] {
  const unknown = (rule.groups ?? []).filter((name) => !groups.has(name));
  return unknown.map((name) => {
    const hint = groups.size === 0 ? 'there are none' : suggest(name, [...groups.keys()]);
    return { line, message: `no group ${quote(name)}; ${hint}` };
  });
}

function toTagConditions(words: readonly string[] = []): TagConditions {
  return {
    required: words.filter((word) => !word.startsWith('!')),
    forbidden: words.filter((word) => word.startsWith('!')).map((word) => word.slice(1)),
  };
}

const single = ['agent', 'package', 'format', 'selfTest'] as const;
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
