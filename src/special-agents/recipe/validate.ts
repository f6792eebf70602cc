/** All that is wrong with a recipe, its expressions included. */

import { readYaml, type YamlProblem } from '../../cli/yaml-file.ts';
import { lineOf } from '../../cli/yaml-problems.ts';
import { systemClock } from '../../clock.ts';
import { quote } from '../../faults/errors.ts';
import { neverAborts } from '../../system/never-aborts.ts';
import { Evaluator } from './evaluator.ts';
import { type RecipePlace, readRecipe } from './load.ts';
import { expressionsOf } from './plan.ts';

export async function findRecipeProblems(
  text: string,
  place: RecipePlace,
): Promise<readonly YamlProblem[]> {
  const read = await readRecipe(text, place);
  if ('problems' in read) return read.problems;
  const { recipe } = read;
  const file = await readYaml(text);
  if ('problem' in file) return [file.problem];
  const placed = expressionsOf(recipe);
  const evaluator = new Evaluator(recipe.limits, systemClock.now(), neverAborts);
  try {
    const checked = await evaluator.check(placed.map((one) => one.text));
    return placed.flatMap(({ path, text: expression }, index) => {
      const problem = checked[index]?.problem;
      if (problem === undefined) return [];
      const message = `${path.slice(2).join('.')}: expression ${quote(expression)}: ${problem}`;
      return [{ line: lineOf(path, file.layout), message }];
    });
  } finally {
    await evaluator.close();
  }
}
