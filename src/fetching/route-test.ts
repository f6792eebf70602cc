/** Tries the route of a host: asks each source by itself, and tells what a fetch would do. */

import { count } from '../agent-output/check-report.ts';
import type { CommandContext } from '../cli/command.ts';
import { type CourierError, cleanText, faults } from '../faults/errors.ts';
import { formatDuration } from '../times/durations.ts';
import type { Target } from '../transports/source.ts';
import type { BesideOutcome } from './beside.ts';
import { shareOf } from './deadline.ts';
import type { RoutePlan } from './plan.ts';
import { type Outcome, type Rehearsed, rehearse } from './rehearsal.ts';
import { planFor, prepareRoute } from './route-plan.ts';
import { findSpool, requireRoute, toKeptReader } from './routed.ts';
import { findGrace } from './sending.ts';

interface Asked {
  readonly path: string;
  readonly target: Target;
  readonly tags: readonly string[];
  /** Where older output is kept; undefined: where it is by default. */
  readonly spool: string | undefined;
}

/** A source beside the chain, and what a fetch would add of it. */
export interface RehearsedBeside extends Rehearsed {
  /** How many sections; left out when none are. */
  readonly added?: number;
  /** What is there already, and not added. */
  readonly left?: readonly string[];
}

/** What a fetch would have printed. */
type Delivered =
  | { readonly from: 'source'; readonly source: number; readonly ageMs?: number }
  | { readonly from: 'grace'; readonly ageMs: number }
  | { readonly from: 'nothing' };

export interface TestOutcome {
  readonly route: string;
  readonly sources: readonly Rehearsed[];
  readonly with: readonly RehearsedBeside[];
  readonly delivered: Delivered;
  /** The same in words. */
  readonly verdict: string;
  /** What a fetch would fail with. */
  readonly fault: CourierError | undefined;
}

/**
 * Asks all sources, one after the other, and tells each as it ends. Each has the time that a fetch
 * would have given it.
 *
 * @throws CourierError about the routes file
 */
export async function testRoute(
  { path, target, tags, spool }: Asked,
  context: CommandContext,
  tell: (rehearsed: Rehearsed, isBeside: boolean) => Promise<void>,
): Promise<TestOutcome> {
  const { route } = await requireRoute({ target, routes: path }, tags, context);
  const plan = planFor(await prepareRoute(route, path, context), target);
  const outcomes: Outcome[] = [];
  for (const [index, step] of plan.steps.entries()) {
    context.shutdown.throwIfAborted();
    const deadlineMs = findTime(plan, outcomes, index);
    const outcome = await rehearse(step, { ...plan, deadlineMs }, context);
    outcomes.push(outcome);
    await tell(outcome.shown, false);
  }
  const beside: Outcome[] = [];
  for (const step of plan.with) {
    context.shutdown.throwIfAborted();
    const outcome = await rehearse(step, plan, context);
    beside.push(outcome);
    await tell(outcome.shown, true);
  }
  const sources = outcomes.map(({ shown }) => shown);
  const chosen = outcomes.find(({ shown }) => shown === choose(sources, plan.pick));
  const { output, ...found } = chosen?.accepted
    ? { ...describeChosen(chosen.shown, sources), output: chosen.accepted.output }
    : await describeFailure(plan, context, outcomes.at(-1)?.fault, spool);
  const added = await addBeside(output, beside, plan, context);
  const verdict = found.verdict + added.map(sayAdded).join('');
  return { route: route.name, sources, with: added, ...found, verdict };
}

/** @param output what they are added to; undefined when there is none */
async function addBeside(
  output: Buffer | undefined,
  beside: readonly Outcome[],
  { target, rules, with: steps }: RoutePlan,
  { clock }: CommandContext,
): Promise<readonly RehearsedBeside[]> {
  if (output === undefined || beside.length === 0) return beside.map(({ shown }) => shown);
  const { addAll } = await import('./added.ts');
  const came = beside.flatMap(({ accepted, fault }, index): readonly BesideOutcome[] => {
    const step = steps[index];
    if (step === undefined) return [];
    if (accepted !== undefined) return [{ step, accepted }];
    return fault === undefined ? [] : [{ step, error: fault }];
  });
  const added = addAll(output, came, [target, rules], clock);
  return beside.map(({ shown }, index) => {
    const { sections = 0, left = [], fault } = added[index] ?? {};
    const wrong = fault === undefined ? {} : { code: fault.code, message: fault.message };
    const more = fault === undefined ? { added: sections } : {};
    return { ...shown, ...wrong, ...more, ...(left.length === 0 ? {} : { left }) };
  });
}

function sayAdded({ transport, source, code, added, left = [] }: RehearsedBeside): string {
  const name = `${transport} ${cleanText(source)}`;
  if (added === undefined) return code === 'OK' ? '' : `; without ${name} (${code})`;
  const not = left.length === 0 ? '' : `, not its ${left.join(', ')}, which is there already`;
  return `; with ${count(added, 'section')} of ${name}${not}`;
}

/**
 * The time for a source without a timeout of its own: as in a chain an equal share of what is left;
 * the whole deadline where all are asked at once, and after the first good output.
 */
function findTime(plan: RoutePlan, before: readonly Outcome[], index: number): number {
  if (plan.pick === 'freshest' || before.some(({ fault }) => fault === undefined)) {
    return plan.deadlineMs;
  }
  const usedMs = before.reduce((sum, { shown }) => sum + shown.durationMs, 0);
  return shareOf(plan.deadlineMs - usedMs, plan.steps.length - index, undefined);
}

function describeChosen(chosen: Rehearsed, sources: readonly Rehearsed[]) {
  const source = sources.indexOf(chosen) + 1;
  const age = chosen.ageMs === undefined ? {} : { ageMs: chosen.ageMs };
  const verdict = `a fetch delivers the output of source ${source}`;
  return { delivered: { from: 'source', source, ...age }, verdict, fault: undefined } as const;
}

async function describeFailure(
  plan: RoutePlan,
  context: CommandContext,
  fault: CourierError | undefined,
  spool: string | undefined,
) {
  const nothing = { from: 'nothing' } as const;
  const fails = 'a fetch fails: no source has good output';
  if (plan.graceMs === 0 || fault === undefined || !faults[fault.code].grace) {
    return { delivered: nothing, verdict: fails, fault, output: undefined };
  }
  const readKept = toKeptReader(await findSpool(spool, plan, context), plan, context);
  const served = await findGrace(plan, context, readKept, fault);
  const grace = formatDuration(plan.graceMs);
  if (served === undefined) {
    const verdict = `${fails}, and none is kept that may stand in for ${grace} (grace)`;
    return { delivered: nothing, verdict, fault, output: undefined };
  }
  const ageMs = Math.max(0, context.clock.now() - served.kept.producedAt.getTime());
  const verdict = `a fetch delivers output that is kept and ${formatDuration(ageMs)} old, marked as cached: no source has good output, and it may stand in for ${grace} (grace)`;
  const { output } = served;
  return { delivered: { from: 'grace', ageMs } as const, verdict, fault: undefined, output };
}

function choose(sources: readonly Rehearsed[], pick: 'first' | 'freshest'): Rehearsed | undefined {
  const good = sources.filter(({ code }) => code === 'OK');
  if (pick === 'first') return good[0];
  return good.toSorted((one, other) => ageOf(one) - ageOf(other))[0];
}

function ageOf({ ageMs = Number.MAX_VALUE }: Rehearsed): number {
  return ageMs;
}

/** For people. */
export function toLine(rehearsed: Rehearsed, isBeside = false): string {
  const { transport, source, code, message, durationMs, ageMs, bytes, sections } = rehearsed;
  const age = ageMs === undefined ? 'of unknown age' : `${formatDuration(Math.max(0, ageMs))} old`;
  const what = bytes === undefined ? '' : `: ${bytes} bytes, ${sections} sections, ${age}`;
  const passed = rehearsed.passedOver === undefined ? '' : `; ${rehearsed.passedOver}`;
  const took = formatDuration(durationMs);
  const isNamed = message.startsWith(`${source}: `);
  const why = cleanText(isNamed ? message.slice(source.length + 2) : message);
  return `${code.padEnd(11)} ${took.padStart(6)}  ${isBeside ? 'with ' : ''}${transport} ${cleanText(source)}${what}${code === 'OK' ? passed : `: ${why}`}\n`;
}
