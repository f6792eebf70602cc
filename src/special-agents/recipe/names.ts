/** Whether the names in a recipe say what they stand for, each one thing. */

import type { YamlLayout, YamlProblem } from '../../cli/yaml-file.ts';
import { lineOf } from '../../cli/yaml-problems.ts';
import { quote } from '../../faults/errors.ts';
import { suggest } from '../../names/nearest.ts';
import { httpOptions } from '../../web/options.ts';
import type { Recipe } from './recipe.ts';
import { namesInAll } from './templates.ts';
import { textsOf } from './texts.ts';

const given = ['host', 'address', 'item', 'faults'];

/** Names taken twice, unknown ones in texts, steps that are asked for before they stand there. */
export function findNameProblems(recipe: Recipe, layout: YamlLayout): readonly YamlProblem[] {
  const problems: YamlProblem[] = [];
  const known = new Set([...given, ...Object.keys(recipe.parameters)]);
  const tell = (path: readonly PropertyKey[], message: string) =>
    problems.push({ line: lineOf(path, layout), message });
  const take = (name: string, path: readonly PropertyKey[]) => {
    if (known.has(name)) tell(path, `the name ${quote(name)} is taken`);
    known.add(name);
  };
  const requireKnown = (texts: unknown, path: readonly PropertyKey[]) => {
    for (const name of namesInAll(texts)) {
      if (!known.has(name)) tell(path, `unknown name {${name}}; ${suggest(name, [...known])}`);
    }
  };
  requireKnown(recipe.http, ['http']);
  const webKeys = [...Object.keys(httpOptions), 'password', 'token'];
  for (const key of Object.keys(recipe.http)) {
    if (webKeys.includes(key)) continue;
    tell(['http', key], `unknown option of HTTP ${quote(key)}; ${suggest(key, webKeys)}`);
  }
  const { reach } = recipe;
  if (reach !== undefined) {
    take(reach.as, ['reach', 'as']);
    requireKnown(reach.get, ['reach', 'get']);
    if (recipe.parameters[reach.first]?.type !== 'list') {
      tell(['reach', 'first'], `first names no list parameter: ${quote(reach.first)}`);
    }
  }
  for (const [index, step] of recipe.steps.entries()) {
    for (const name of step.after ?? []) {
      const isBefore = recipe.steps.slice(0, index).some((other) => other.name === name);
      if (!isBefore)
        tell(['steps', index, 'after'], `no step ${quote(name)} stands before this one`);
    }
    requireKnown(textsOf(step), ['steps', index]);
    if (step.cache !== undefined && step.keep !== undefined) {
      tell(
        ['steps', index, 'cache'],
        'a step that keeps something is asked every time: cache the steps behind it',
      );
    }
    take(step.name, ['steps', index, 'name']);
    for (const name of Object.keys(step.keep ?? {})) take(name, ['steps', index, 'keep', name]);
  }
  for (const [index, step] of recipe.finally.entries()) {
    requireKnown(textsOf(step), ['finally', index]);
  }
  if (recipe.operands !== undefined && !Object.hasOwn(recipe.parameters, recipe.operands)) {
    tell(['operands'], `operands names no parameter: ${quote(recipe.operands)}`);
  }
  return problems;
}
