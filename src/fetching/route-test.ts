/** Tries the route of a host: each source by itself, and then what a fetch would come to. */

import type { CommandContext } from '../cli/command.ts';
import { type CourierError, cleanText } from '../faults/errors.ts';
import type { Target } from '../transports/source.ts';
import { formatDuration } from './durations.ts';
import { type Outcome, type Rehearsed, rehearse } from './rehearsal.ts';
import { planFor, prepareRoute } from './route-plan.ts';
import { requireRoute } from './routed.ts';

interface Asked {
  readonly path: string;
  readonly target: Target;
  readonly tags: readonly string[];
}

export interface TestOutcome {
  readonly route: string;
  readonly sources: readonly Rehearsed[];
  /** In words. */
  readonly verdict: string;
  /** What a fetch would fail with. */
  readonly fault: CourierError | undefined;
}

/**
 * Asks all sources, one after the other, and tells each as it ends.
 *
 * @throws CourierError about the routes file
 */
export async function testRoute(
  { path, target, tags }: Asked,
  context: CommandContext,
  tell: (rehearsed: Rehearsed) => Promise<void>,
): Promise<TestOutcome> {
  const { route } = await requireRoute({ target, routes: path }, tags, context);
  const plan = planFor(await prepareRoute(route, path, context), target);
  const outcomes: Outcome[] = [];
  for (const step of plan.steps) {
    context.shutdown.throwIfAborted();
    const outcome = await rehearse(step, plan, context);
    outcomes.push(outcome);
    await tell(outcome.shown);
  }
  const sources = outcomes.map(({ shown }) => shown);
  const chosen = choose(sources, plan.pick);
  if (chosen === undefined) {
    const verdict = 'a fetch fails: no source has good output';
    return { route: route.name, sources, verdict, fault: outcomes.at(-1)?.fault };
  }
  const verdict = `a fetch delivers the output of source ${sources.indexOf(chosen) + 1}`;
  return { route: route.name, sources, verdict, fault: undefined };
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
export function toLine(rehearsed: Rehearsed): string {
  const { transport, source, code, message, durationMs, ageMs, bytes, sections } = rehearsed;
  const age = ageMs === undefined ? 'of unknown age' : `${formatDuration(Math.max(0, ageMs))} old`;
  const what = bytes === undefined ? '' : `: ${bytes} bytes, ${sections} sections, ${age}`;
  const took = formatDuration(durationMs);
  return `${code.padEnd(11)} ${took.padStart(6)}  ${transport} ${cleanText(source)}${what}${code === 'OK' ? '' : `: ${cleanText(message)}`}\n`;
}
