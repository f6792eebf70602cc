/** What each step and section waits for, read from what it refers to. */

import { CourierError, quote } from '../../faults/errors.ts';
import type { Evaluator } from './evaluator.ts';
import type { Recipe } from './recipe.ts';
import { namesInAll } from './templates.ts';
import { textsOf } from './texts.ts';
import type { Checked } from './thread/messages.ts';

type Step = Recipe['steps'][number];
type Section = Recipe['sections'][number];

export interface Plan {
  readonly needsOfStep: ReadonlyMap<Step, readonly string[]>;
  readonly needsOfSection: ReadonlyMap<Section, readonly string[]>;
  /** Sections that tell what failed: they come when all others are there. */
  readonly readsFaults: ReadonlySet<Section>;
  /** The steps a section hangs on, those behind them included. */
  allNeeds(section: Section): readonly string[];
}

/** An expression of a recipe, and where it stands. */
export interface PlacedExpression {
  readonly path: readonly PropertyKey[];
  readonly text: string;
  /** Whether it is evaluated on all steps by name. */
  readonly isOnSteps: boolean;
}

/** @throws CourierError CONFIG for an expression that is none */
export async function planRun(recipe: Recipe, evaluator: Evaluator): Promise<Plan> {
  const all = expressionsOf(recipe);
  const texts = [...new Set(all.map(({ text }) => text))];
  const checked = await evaluator.check(texts);
  const byText = new Map(texts.map((text, index) => [text, checked[index]]));
  for (const { text, path } of all) {
    const problem = byText.get(text)?.problem;
    if (problem !== undefined) {
      const where = `${recipe.origin}: ${path.join('.')}`;
      throw new CourierError('CONFIG', `${where}: ${quote(text)}: ${problem}`);
    }
  }
  const keepers = toKeepers(recipe);
  const needs = (path: readonly PropertyKey[], texts: unknown, before: readonly Step[]) => {
    const own = all.filter(({ path: place }) => path.every((key, index) => place[index] === key));
    const names = own.flatMap((one) => namesOf(one, byText.get(one.text)));
    const steps = [...names, ...namesInAll(texts)].map((name) => keepers.get(name) ?? name);
    return [...new Set(steps)].filter((name) => before.some((step) => step.name === name));
  };
  const readsFaults = recipe.sections.filter((_, index) =>
    all.some(
      (one) =>
        one.path[0] === 'sections' &&
        one.path[1] === index &&
        namesOf(one, byText.get(one.text)).includes('faults'),
    ),
  );
  const plan = {
    readsFaults: new Set(readsFaults),
    needsOfStep: new Map(
      recipe.steps.map((step, index) => [
        step,
        [
          ...needs(['steps', index], textsOf(step), recipe.steps.slice(0, index)),
          ...(step.after ?? []),
        ],
      ]),
    ),
    needsOfSection: new Map(
      recipe.sections.map((section, index) => [
        section,
        needs(['sections', index], undefined, recipe.steps),
      ]),
    ),
  };
  return { ...plan, allNeeds: (section) => findAllNeeds(section, recipe, plan) };
}

function findAllNeeds(
  section: Section,
  { steps }: Recipe,
  { needsOfSection, needsOfStep }: Pick<Plan, 'needsOfSection' | 'needsOfStep'>,
): readonly string[] {
  const found = new Set(needsOfSection.get(section));
  // What is added is gone through as well.
  for (const name of found) {
    const step = steps.find((one) => one.name === name);
    for (const further of (step && needsOfStep.get(step)) ?? []) found.add(further);
  }
  return [...found];
}

function namesOf({ isOnSteps }: PlacedExpression, checked: Checked | undefined): readonly string[] {
  const { variables = [], roots = [] } = checked ?? {};
  return isOnSteps ? [...variables, ...roots] : variables;
}

/** What is kept of a step, and the step that keeps it. */
function toKeepers({ steps }: Recipe): ReadonlyMap<string, string> {
  return new Map(
    steps.flatMap(({ name, keep = {} }) => Object.keys(keep).map((kept) => [kept, name] as const)),
  );
}

/** Every expression of a recipe. */
export function expressionsOf(recipe: Recipe): readonly PlacedExpression[] {
  const found: PlacedExpression[] = [];
  const add = (path: readonly PropertyKey[], text: unknown, isOnSteps: boolean) => {
    if (typeof text === 'string') found.push({ path, text, isOnSteps });
  };
  for (const [list, steps] of [
    ['steps', recipe.steps] as const,
    ['finally', recipe.finally] as const,
  ]) {
    for (const [index, step] of steps.entries()) {
      const at = [list, index];
      add([...at, 'when'], step.when, true);
      add([...at, 'for'], step.for, true);
      add([...at, 'records'], step.records, false);
      add([...at, 'pages', 'records'], step.pages?.records, false);
      add([...at, 'pages', 'next'], step.pages?.next, false);
      add([...at, 'pages', 'cursor'], step.pages?.cursor?.from, false);
      for (const [name, kept] of Object.entries(step.keep ?? {})) {
        add([...at, 'keep', name], typeof kept === 'string' ? kept : kept.from, false);
      }
    }
  }
  for (const [index, section] of recipe.sections.entries()) {
    const at = ['sections', index];
    add([...at, 'when'], section.when, true);
    add([...at, 'each'], section.each, true);
    add([...at, 'piggyback'], section.piggyback, false);
    add([...at, 'json'], section.json, false);
    add([...at, 'text'], section.text, false);
    for (const [field, text] of (section.line ?? []).entries())
      add([...at, 'line', field], text, false);
    const { metrics = {}, ...service } = section.service ?? {};
    for (const [name, text] of Object.entries(service)) add([...at, 'service', name], text, false);
    for (const [name, text] of Object.entries(metrics))
      add([...at, 'service', 'metrics', name], text, false);
  }
  return found;
}
