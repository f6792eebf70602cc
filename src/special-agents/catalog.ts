/** Every special agent by its name: own recipes, then agents that are code, then shipped recipes. */

import { basename, dirname, join, resolve } from 'node:path';
import type { Environment } from '../cli/environment.ts';
import type { YamlProblem } from '../cli/yaml-file.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import { makeDirectory, pathStatus, readDirectory, readWholeFile } from '../files/file-calls.ts';
import { suggest } from '../names/nearest.ts';
import { findUserConfiguration } from '../system/configuration-place.ts';
import { replaceFile } from '../system/durable-files.ts';
import { requireTrusted } from '../system/trusted-path.ts';
import type { RecipePlace } from './recipe/load.ts';
import type { Recipe } from './recipe/recipe.ts';
import { schemaFile } from './sample.ts';
import { readAtBuild, shippedRecipes } from './shipped-recipes.ts';
import type { SpecialAgent } from './special-agent.ts';

/** Agents that are code; loaded when they are used. */
const coded: Readonly<Record<string, () => Promise<SpecialAgent>>> = {
  vsphere: async () => (await import('./vsphere/vsphere.ts')).vsphere,
};

/** Where an agent comes from. */
export interface AgentEntry {
  readonly name: string;
  readonly kind: 'own recipe' | 'recipe' | 'code';
  /** The file of an own recipe. */
  readonly path?: string;
  /** Whether there is a shipped agent of this name, which it stands in for. */
  readonly standsIn: boolean;
}

const largestRecipe = 1024 * 1024;

/** Where own recipes are looked for, in this order. */
function recipeDirectories(env: Environment): readonly string[] {
  const { OMD_ROOT: site } = env;
  const base = findUserConfiguration(env);
  return [
    ...(site ? [join(site, 'etc/cmk-courier/agents')] : []),
    ...(base ? [join(base, 'cmk-courier/agents')] : []),
    '/etc/cmk-courier/agents',
  ];
}

/** All there are, by name. */
export async function listAgents(env: Environment): Promise<readonly AgentEntry[]> {
  const found = new Map<string, AgentEntry>();
  for (const name of Object.keys(coded)) found.set(name, { name, kind: 'code', standsIn: false });
  for (const name of Object.keys(shippedRecipes())) {
    if (!found.has(name)) found.set(name, { name, kind: 'recipe', standsIn: false });
  }
  const shipped = new Set(found.keys());
  for (const directory of recipeDirectories(env).toReversed()) {
    for (const file of await readDirectory(directory).catch(() => [])) {
      const [, name] = /^([a-z0-9][a-z0-9_]*)\.yaml$/.exec(file) ?? [];
      if (name === undefined) continue;
      const path = join(directory, file);
      found.set(name, { name, kind: 'own recipe', path, standsIn: shipped.has(name) });
    }
  }
  return [...found.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
}

/**
 * Loads an agent by its name.
 *
 * @throws CourierError USAGE when there is none; CONFIG when its recipe is wrong, or others may
 * change it; LOCAL when it cannot be read
 */
export async function loadAgent(name: string, env: Environment): Promise<SpecialAgent> {
  const found = await findText(name, env);
  if (found?.recipe !== undefined) {
    const { toAgent } = await import('./recipe/recipe-agent.ts');
    return toAgent(found.recipe);
  }
  if (found !== undefined) return toRecipeAgent(found.text, found);
  const code = Object.hasOwn(coded, name) ? coded[name] : undefined;
  if (code !== undefined) return code();
  throw await noAgent(name, env);
}

async function noAgent(name: string, env: Environment): Promise<CourierError> {
  if (Object.hasOwn(coded, name)) return new CourierError('USAGE', `${name} is no recipe`);
  const known = (await listAgents(env)).map((entry) => entry.name);
  const hint = known.length === 0 ? 'there is none' : suggest(name, known);
  return new CourierError('USAGE', `no special agent ${quote(name)}; ${hint}`);
}

/**
 * The recipe of an agent, by name or from a file; undefined for one that is code, or none.
 *
 * @throws CourierError as loadAgent; LOCAL when there is no such file
 */
export async function loadRecipeOf(word: string, env: Environment): Promise<Recipe | undefined> {
  const found = await findTextOf(word, env);
  if (found === undefined) return undefined;
  return (await import('./recipe/load.ts')).loadRecipe(found.text, found);
}

/** Text of a recipe, and where it is. */
interface FoundText extends RecipePlace {
  readonly text: string;
  /** What is in it, where that is known already. */
  readonly recipe?: Recipe | undefined;
}

function readRecipe(name: string): Recipe | undefined {
  const json = readAtBuild(name);
  return json === undefined ? undefined : JSON.parse(json);
}

/** Own recipes stand in for what comes with the program. */
async function findText(name: string, env: Environment): Promise<FoundText | undefined> {
  checkAgentName(name);
  for (const directory of recipeDirectories(env)) {
    const origin = join(directory, `${name}.yaml`);
    const text = await readRecipeFile(origin);
    if (text !== undefined) return { text, name, origin };
  }
  if (Object.hasOwn(coded, name)) return undefined;
  const shipped = shippedRecipes();
  const text = Object.hasOwn(shipped, name) ? shipped[name] : undefined;
  return text === undefined
    ? undefined
    : { text, name, origin: `recipe ${name}`, recipe: readRecipe(name) };
}

/** @throws CourierError as loadAgent; LOCAL when there is no such file */
export async function loadAgentFile(path: string): Promise<SpecialAgent> {
  const found = await readFileThere(path);
  return toRecipeAgent(found.text, found);
}

/** All that is wrong with a recipe, and where that is. */
export interface CheckedRecipe {
  readonly origin: string;
  readonly problems: readonly YamlProblem[];
}

/**
 * Looks for all that is wrong with a recipe.
 *
 * @param word its file, or the name of one that an agent of that name would be made of
 * @throws CourierError as loadAgent, USAGE for one that is code; LOCAL when there is no such file
 */
export async function findProblemsIn(word: string, env: Environment): Promise<CheckedRecipe> {
  const found = await findTextOf(word, env);
  if (found === undefined) throw await noAgent(word, env);
  const { findRecipeProblems } = await import('./recipe/validate.ts');
  return { origin: found.origin, problems: await findRecipeProblems(found.text, found) };
}

/** By name, or from a file. */
function findTextOf(word: string, env: Environment): Promise<FoundText | undefined> {
  return isFileWord(word) ? readFileThere(word) : findText(word, env);
}

/** Whether a word can only be a file: names have neither. */
export function isFileWord(word: string): boolean {
  return word.includes('/') || /\.ya?ml$/.test(word);
}

function nameOf(path: string): string {
  const name = basename(path)
    .replace(/\.ya?ml$/, '')
    .toLowerCase()
    .replace(/[^a-z0-9_]/g, '_');
  return name === 'recipe' ? basename(dirname(resolve(path))) : name;
}

async function readFileThere(path: string): Promise<FoundText> {
  const text = await readRecipeFile(path);
  if (text === undefined) throw new CourierError('LOCAL', `${path}: no such file or directory`);
  return { text, name: nameOf(path), origin: path };
}

/** What is laid down for somebody who writes a recipe. */
export interface NewRecipe {
  readonly text: string;
  /** The schema that the text names, for editors. */
  readonly schema: string;
}

/**
 * Lays a new recipe down where own ones are looked for, and the schema beside it.
 *
 * @returns their paths
 * @throws CourierError LOCAL, also when there is one of that name
 */
export async function layRecipe(
  name: string,
  { text, schema }: NewRecipe,
  env: Environment,
): Promise<readonly string[]> {
  checkAgentName(name);
  const [directory = '.'] = recipeDirectories(env);
  const path = join(directory, `${name}.yaml`);
  if ((await readRecipeFile(path)) !== undefined) {
    throw new CourierError('LOCAL', `${path} is there already`);
  }
  const schemaPath = join(directory, schemaFile);
  try {
    await makeDirectory(directory, { recursive: true });
    await replaceFile(schemaPath, schema, 0o644);
    await replaceFile(path, text, 0o644);
  } catch (error) {
    throw asCourierError(error, `writing ${path}`);
  }
  return [path, schemaPath];
}

/** @throws CourierError USAGE */
function checkAgentName(name: string): void {
  if (/^[a-z0-9][a-z0-9_]{0,79}$/.test(name)) return;
  const meant = 'a special agent is named by lower case letters, digits and _';
  throw new CourierError('USAGE', `${meant}, not ${quote(name)}`);
}

/**
 * The text of a recipe in a file; undefined when there is none.
 *
 * @throws CourierError CONFIG when others may change it, or it is no text; LOCAL
 */
async function readRecipeFile(path: string): Promise<string | undefined> {
  try {
    const stats = await pathStatus(path);
    await requireTrusted(path);
    if (!stats.isFile()) throw new CourierError('CONFIG', `${path}: is not a file`);
    if (stats.size > largestRecipe) throw new CourierError('CONFIG', `${path}: larger than 1 MiB`);
    return new TextDecoder('utf-8', { fatal: true }).decode(await readWholeFile(path));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return undefined;
    if (error instanceof TypeError) throw new CourierError('CONFIG', `${path}: is not UTF-8`);
    throw asCourierError(error, `reading the recipe ${path}`);
  }
}

async function toRecipeAgent(text: string, place: RecipePlace): Promise<SpecialAgent> {
  const [{ loadRecipe }, { toAgent }] = await Promise.all([
    import('./recipe/load.ts'),
    import('./recipe/recipe-agent.ts'),
  ]);
  return toAgent(await loadRecipe(text, place));
}
