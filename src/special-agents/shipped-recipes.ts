/** Recipes that come with the program. In the bundle their texts stand here (.tools/bundle.ts). */

import { existsSync, readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../../agents/special/', import.meta.url);

/** The text of each recipe, by its name. */
export function shippedRecipes(): Readonly<Record<string, string>> {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const paths = names.map((name) => [name, new URL(`${name}/recipe.yaml`, folder)] as const);
  const there = paths.filter(([, path]) => existsSync(path));
  return Object.fromEntries(there.map(([name, path]) => [name, readFileSync(path, 'utf8')]));
}

/**
 * The recipe of a name as JSON, read and checked already. Only the bundle has it: YAML and the checks
 * cost a run some 40 MB and 100 ms.
 */
export function readAtBuild(_name: string): string | undefined {
  return undefined;
}
