/** Gates between stages: what opens the next one, and what holds all of it. */

import { counted } from '../../names/counted.ts';
import { formatDuration } from '../../times/durations.ts';
import { type Rollout, type Stage, whole } from '../repository/rollout-file.ts';
import type { Tally } from './tally.ts';

/** What is to become of a rollout. */
export interface Verdict {
  readonly step: 'wait' | 'open' | 'hold' | 'done';
  /** Why, in words. */
  readonly why: string;
}

/**
 * Looks at every stage that is open: a gate that breaks holds the rollout, in whichever of them.
 * Otherwise the newest decides whether the next may open.
 */
export function judge(rollout: Rollout, tallies: readonly Tally[], nowMs: number): Verdict {
  if (rollout.doneAt !== null) return { step: 'wait', why: 'every stage is done' };
  if (rollout.hold !== null) return { step: 'wait', why: `on hold: ${rollout.hold.why}` };
  for (const at of rollout.opened.keys()) {
    const why = findBreach(rollout, tallies, at);
    if (why !== undefined) return { step: 'hold', why };
  }
  const last = rollout.opened.length - 1;
  const [stage, opened, tally] = [rollout.stages[last], rollout.opened[last], tallies[last]];
  if (stage === undefined || opened === undefined || tally === undefined) {
    return { step: 'open', why: 'no stage was open yet' };
  }
  const isLast = last === rollout.stages.length - 1;
  const missing =
    isLast && tally.hosts === 0
      ? undefined
      : findMissing(stage, tally, nowMs - Date.parse(opened.at));
  if (missing !== undefined) return { step: 'wait', why: `${stage.name}: ${missing}` };
  if (isLast) return { step: 'done', why: `${stage.name}: ${describeTally(tally)}` };
  if (stage.isByHand) {
    return { step: 'wait', why: `${stage.name} is ready; \`updates rollout advance\` goes on` };
  }
  return { step: 'open', why: `${stage.name}: ${describeTally(tally)}` };
}

function findBreach(
  { stages, opened }: Rollout,
  tallies: readonly Tally[],
  at: number,
): string | undefined {
  const [stage, tally, accepted] = [stages[at], tallies[at], opened[at]?.accepted];
  if (stage === undefined || tally === undefined || accepted === undefined) return undefined;
  const gates = [
    ['failed', tally.failed, accepted.failed, stage.failures],
    ['are silent', tally.silent, accepted.silent, stage.silent],
  ] as const;
  for (const [what, number, seen, limit] of gates) {
    if ((number - seen) * whole <= limit * tally.hosts) continue;
    const beside = seen === 0 ? '' : ` beside ${seen} that were accepted`;
    const share = formatShare(Math.round(((number - seen) * whole) / tally.hosts));
    return `${stage.name}: ${number - seen} of ${counted(tally.hosts, 'host')} ${what} (${share}, allowed are ${formatShare(limit)})${beside}`;
  }
  return undefined;
}

/** What the next stage waits for; undefined when it may open. */
function findMissing(stage: Stage, tally: Tally, openMs: number): string | undefined {
  // A stage that nobody is in has nothing to show; one whose hosts are all away has shown nothing.
  if (tally.hosts === 0) {
    if (tally.absent === 0) return undefined;
    return `none of its ${counted(tally.absent, 'host')} can take part; \`updates rollout advance\` goes on`;
  }
  const needed = neededSuccesses(stage, tally.hosts);
  if (tally.installed < needed) return `${tally.installed} of ${needed} successes`;
  const leftMs = stage.soakSeconds * 1000 - openMs;
  return leftMs > 0 ? `open for ${formatDuration(leftMs)} more` : undefined;
}

/** Never more than the stage has hosts. */
export function neededSuccesses({ successes }: Stage, hosts: number): number {
  const wanted =
    'number' in successes ? successes.number : Math.ceil((successes.share * hosts) / whole);
  return Math.min(wanted, hosts);
}

/** `12 of 200 installed, 1 failed, 3 silent` */
export function describeTally({ hosts, installed, failed, silent }: Tally): string {
  return `${installed} of ${hosts} installed, ${failed} failed, ${silent} silent`;
}

/** `0.5%` of 50. */
export function formatShare(share: number): string {
  return `${share / 100}%`;
}
