/** A recipe's text → a recipe; every mistake is told with its line. */

import { readYaml, type YamlProblem } from '../../cli/yaml-file.ts';
import { toYamlProblems, type YamlWords } from '../../cli/yaml-problems.ts';
import { CourierError } from '../../faults/errors.ts';
import { defaultLimits, type LimitName, type Limits } from './limits.ts';
import { findNameProblems } from './names.ts';
import type { Recipe } from './recipe.ts';
import { knownKeys, recipeFile } from './schema.ts';

/** What a recipe is called, and where it is. */
export interface RecipePlace {
  readonly name: string;
  readonly origin: string;
}

/** @returns the recipe, or all that is wrong with it but for its expressions */
export async function readRecipe(
  text: string,
  { name, origin }: RecipePlace,
): Promise<{ readonly recipe: Recipe } | { readonly problems: readonly YamlProblem[] }> {
  const file = await readYaml(text);
  if ('problem' in file) return { problems: [file.problem] };
  const { layout } = file;
  const read = recipeFile.safeParse(file.content ?? {});
  if (!read.success) {
    return { problems: toYamlProblems(read.error.issues, layout, words) };
  }
  const limits = withDefaults(read.data.limits);
  const recipe = { ...read.data, name, origin, limits };
  const problems = findNameProblems(recipe, layout);
  return problems.length > 0 ? { problems } : { recipe };
}

/** @throws CourierError CONFIG naming file and line of the first mistake and how many more there are */
export async function loadRecipe(text: string, place: RecipePlace): Promise<Recipe> {
  const read = await readRecipe(text, place);
  if ('recipe' in read) return read.recipe;
  const [first, ...others] = read.problems;
  const more = others.length === 0 ? '' : `; and ${others.length} more`;
  const message = `${place.origin}:${first?.line ?? 1}: ${first?.message}${more}`;
  throw new CourierError('CONFIG', message);
}

const words: YamlWords = { textKeys: ['name', 'hosts', 'after'], knownKeys: keysAt };

function keysAt([first, , third]: readonly PropertyKey[]): readonly string[] {
  if (third !== undefined) return [];
  if (first === 'steps' || first === 'finally') return knownKeys.step;
  return first === 'sections' ? knownKeys.section : knownKeys.file;
}

function withDefaults(given: { readonly [Name in LimitName]?: number | undefined }): Limits {
  const { body, memory, expression, text, depth, records, rows, pages, loop, atOnce, requests } =
    defaultLimits;
  return {
    body: given.body ?? body,
    memory: given.memory ?? memory,
    expression: given.expression ?? expression,
    text: given.text ?? text,
    depth: given.depth ?? depth,
    records: given.records ?? records,
    rows: given.rows ?? rows,
    pages: given.pages ?? pages,
    loop: given.loop ?? loop,
    requests: given.requests ?? requests,
    atOnce: given.atOnce ?? atOnce,
  };
}
