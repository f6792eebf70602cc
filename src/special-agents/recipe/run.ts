/** One run of a recipe: every step as soon as what it needs is there, sections in their order. */

import { type CourierError, prefixError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import type { AgentContext, PartFault } from '../special-agent.ts';
import type { Evaluator } from './evaluator.ts';
import type { KeptAnswers } from './kept-answers.ts';
import { type Plan, planRun } from './plan.ts';
import type { Recipe } from './recipe.ts';
import { isRefusal } from './refusals.ts';
import { writeRows, writeSection } from './sections.ts';
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
  readonly kept: KeptAnswers;
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
  const fresh = await findFresh(recipe, parts.kept);
  const ends = startSteps(parts, plan, findWanted(recipe, plan, fresh));
  const [last, sections] = partition(recipe.sections, (section) => plan.readsFaults.has(section));
  try {
    for (const section of sections) {
      const own = fresh.get(section);
      if (own === undefined) await makeSection(section, parts, plan, ends);
      else writeRows(section, own.rows, own.since, context.writer);
    }
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
  { evaluator, context, kept }: RunParts,
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
    const incomplete = await writeSection(
      section,
      { evaluator, kept },
      context.writer,
      plan.allNeeds(section),
    );
    if (incomplete !== undefined) {
      context.fault({ kind: 'section', name: section.name, error: incomplete });
    }
  } catch (error) {
    const fault = asCourierError(error, `section ${section.name}`);
    context.fault({ kind: 'section', name: section.name, error: fault });
  }
}

type FreshRows = NonNullable<Awaited<ReturnType<KeptAnswers['rowsOf']>>>;

/** Sections whose rows are kept from an earlier run. */
async function findFresh(
  { sections }: Recipe,
  kept: KeptAnswers,
): Promise<ReadonlyMap<Section, FreshRows>> {
  const fresh = new Map<Section, FreshRows>();
  for (const section of sections) {
    const rows = await kept.rowsOf(section);
    if (rows !== undefined) fresh.set(section, rows);
  }
  return fresh;
}

/** Steps that a section still to be made needs, and those that no section has to do with. */
function findWanted(
  { steps, sections }: Recipe,
  plan: Plan,
  fresh: ReadonlyMap<Section, FreshRows>,
): ReadonlySet<string> {
  const needed = new Set(sections.flatMap((section) => plan.allNeeds(section)));
  const still = sections.filter((section) => !fresh.has(section));
  const wanted = new Set(still.flatMap((section) => plan.allNeeds(section)));
  return new Set(
    steps.map(({ name }) => name).filter((name) => wanted.has(name) || !needed.has(name)),
  );
}

/** Starts all steps that are wanted; each waits for those it needs. */
function startSteps(
  parts: RunParts,
  plan: Plan,
  wanted: ReadonlySet<string>,
): ReadonlyMap<string, Promise<StepEnd>> {
  const ends = new Map<string, Promise<StepEnd>>();
  for (const step of parts.recipe.steps) {
    const needed = (plan.needsOfStep.get(step) ?? []).map((name) => ends.get(name));
    const end: Promise<StepEnd> = wanted.has(step.name)
      ? runAfter(needed, step, parts)
      : Promise.resolve({ kind: 'left out' });
    ends.set(step.name, end);
  }
  return ends;
}

async function runAfter(
  needed: readonly (Promise<StepEnd> | undefined)[],
  step: Recipe['steps'][number],
  { steps, context, kept }: RunParts,
): Promise<StepEnd> {
  const before = await Promise.all(needed);
  const failed = before.find((end) => end?.kind === 'failed');
  if (failed !== undefined) return failed;
  try {
    const isDone = await kept.ask(step, () => steps.run(step));
    return isDone ? { kind: 'done' } : { kind: 'left out' };
  } catch (thrown) {
    const error = asCourierError(thrown, 'asking');
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
