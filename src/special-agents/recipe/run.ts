/** One run of a recipe: every step as soon as what it needs is there, sections in their order. */

import type { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import type { AgentContext } from '../special-agent.ts';
import type { Evaluator } from './evaluator.ts';
import { type Plan, planRun } from './plan.ts';
import type { Recipe } from './recipe.ts';
import { writeSection } from './sections.ts';
import type { StepRunner } from './step-runner.ts';

/** How a step ended. */
export type StepEnd =
  | { readonly kind: 'done' }
  /** Its `when` did not hold, or it was not needed. */
  | { readonly kind: 'left out' }
  | { readonly kind: 'failed'; readonly error: CourierError };

export interface RunParts {
  readonly recipe: Recipe;
  readonly evaluator: Evaluator;
  readonly steps: StepRunner;
  readonly context: AgentContext;
}

export async function runRecipe(parts: RunParts): Promise<void> {
  const { recipe, evaluator, context } = parts;
  const plan = await planRun(recipe, evaluator);
  const ends = startSteps(parts, plan);
  for (const section of recipe.sections) {
    const needed = plan.needsOfSection.get(section) ?? [];
    const [first, ...others] = await Promise.all(needed.map((name) => ends.get(name)));
    const known = [first, ...others].filter((end) => end !== undefined);
    if (known.some(({ kind }) => kind === 'failed')) continue;
    if (known.length > 0 && known.every(({ kind }) => kind === 'left out')) continue;
    try {
      await writeSection(section, evaluator, context.writer);
    } catch (error) {
      context.signal.throwIfAborted();
      const fault = asCourierError(error, `section ${section.name}`);
      context.fault({ kind: 'section', name: section.name, error: fault });
    }
  }
  await Promise.all(ends.values());
  await parts.steps.finish(recipe.finally);
}

/** Starts all steps; each waits for those it needs. */
function startSteps(parts: RunParts, plan: Plan): ReadonlyMap<string, Promise<StepEnd>> {
  const ends = new Map<string, Promise<StepEnd>>();
  for (const step of parts.recipe.steps) {
    const needed = (plan.needsOfStep.get(step) ?? []).map((name) => ends.get(name));
    ends.set(step.name, runAfter(needed, step, parts));
  }
  return ends;
}

async function runAfter(
  needed: readonly (Promise<StepEnd> | undefined)[],
  step: Recipe['steps'][number],
  { steps, context }: RunParts,
): Promise<StepEnd> {
  const before = await Promise.all(needed);
  const failed = before.find((end) => end?.kind === 'failed');
  if (failed !== undefined) return failed;
  try {
    return (await steps.run(step)) ? { kind: 'done' } : { kind: 'left out' };
  } catch (thrown) {
    const error = asCourierError(thrown, 'asking');
    if (context.signal.aborted) return { kind: 'failed', error };
    if (step.optional === true) {
      context.log.info(
        { step: step.name, code: error.code },
        `an optional step failed: ${error.message}`,
      );
      return { kind: 'left out' };
    }
    context.fault({ kind: 'step', name: step.name, error });
    return { kind: 'failed', error };
  }
}
