/** One run of a recipe: every step as soon as what it needs is there, sections in their order. */

import { type CourierError, prefixError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import type { AgentContext, PartFault } from '../special-agent.ts';
import type { Evaluator } from './evaluator.ts';
import { type Plan, planRun } from './plan.ts';
import type { Recipe } from './recipe.ts';
import { isRefusal } from './refusals.ts';
import { writeSection } from './sections.ts';
import type { StepRunner } from './step-runner.ts';
import { toToldFaults } from './told-faults.ts';

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

/**
 * @throws CourierError REFUSED when a login was refused, which ends all of it
 */
export async function runRecipe(outer: RunParts): Promise<void> {
  const { recipe, evaluator } = outer;
  const faults: PartFault[] = [];
  const context = { ...outer.context, fault: (fault: PartFault) => tell(fault, faults, outer) };
  const parts = { ...outer, context };
  const plan = await planRun(recipe, evaluator);
  const ends = startSteps(parts, plan);
  const [last, sections] = partition(recipe.sections, (section) => plan.readsFaults.has(section));
  try {
    for (const section of sections) await makeSection(section, parts, plan, ends);
    const [refused] = (await Promise.all(ends.values())).filter(isRefused);
    if (refused !== undefined) throw refused.error;
  } finally {
    await Promise.all(ends.values());
    await parts.steps.finish(recipe.finally);
  }
  // Where nothing came there is a fault of the whole, and not a section that tells of it.
  if (last.length === 0 || context.writer.sections === 0) return;
  const needsOf = (section: Section) => new Set(plan.allNeeds(section));
  await evaluator.set('faults', toToldFaults(faults, sections, needsOf));
  for (const section of last) await makeSection(section, parts, plan, ends);
}

function tell(fault: PartFault, faults: PartFault[], { context }: RunParts): void {
  faults.push(fault);
  context.fault(fault);
}

type Section = Recipe['sections'][number];

function partition<Item>(items: readonly Item[], isFirst: (item: Item) => boolean) {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))] as const;
}

type Failed = StepEnd & { readonly kind: 'failed' };

function isRefused(end: StepEnd): end is Failed {
  return end.kind === 'failed' && isRefusal(end.error);
}

/** Writes a section as soon as what it needs is there; one that hangs on what failed is left out. */
async function makeSection(
  section: Section,
  { evaluator, context }: RunParts,
  plan: Plan,
  ends: ReadonlyMap<string, Promise<StepEnd>>,
): Promise<void> {
  const needed = plan.needsOfSection.get(section) ?? [];
  const known = (await Promise.all(needed.map((name) => ends.get(name)))).filter(
    (end) => end !== undefined,
  );
  const refused = known.find(isRefused);
  if (refused !== undefined) throw refused.error;
  if (known.some(({ kind }) => kind === 'failed')) return;
  if (known.length > 0 && known.every(({ kind }) => kind === 'left out')) return;
  try {
    const incomplete = await writeSection(section, evaluator, context.writer);
    if (incomplete !== undefined) {
      context.fault({ kind: 'section', name: section.name, error: incomplete });
    }
  } catch (error) {
    context.signal.throwIfAborted();
    const fault = asCourierError(error, `section ${section.name}`);
    context.fault({ kind: 'section', name: section.name, error: fault });
  }
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
    if (isRefusal(error)) return { kind: 'failed', error: prefixError(error, `step ${step.name}`) };
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
