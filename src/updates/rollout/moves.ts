/** How a rollout comes from one state to the next: nothing here reads a file or a clock. */

import type { Rollout } from '../repository/rollout-file.ts';
import type { Verdict } from './gates.ts';
import type { Tally } from './tally.ts';

/** Who moves it, and when (ISO 8601). */
export interface Mover {
  readonly by: string;
  readonly at: string;
}

/** Opens the next stage, or as many as there are left. */
export function open(rollout: Rollout, { by, at }: Mover, howMany = 1): Rollout {
  const left = rollout.stages.length - rollout.opened.length;
  const more = Array.from({ length: Math.min(howMany, left) }, () => ({
    ...{ at, by, accepted: { failed: 0, silent: 0 } },
  }));
  return { ...rollout, opened: [...rollout.opened, ...more] };
}

export function hold(rollout: Rollout, { by, at }: Mover, why: string): Rollout {
  return { ...rollout, hold: { since: at, by, why } };
}

/** What has failed or is silent by now was seen by whoever goes on, and breaks no gate again. */
export function resume(rollout: Rollout, tallies: readonly Tally[]): Rollout {
  const opened = rollout.opened.map((stage, index) => {
    const { failed = 0, silent = 0 } = tallies[index] ?? {};
    return { ...stage, accepted: { failed, silent } };
  });
  return { ...rollout, opened, hold: null };
}

/** What the gates have found; the same object when there is nothing to do. */
export function follow(rollout: Rollout, { step, why }: Verdict, mover: Mover): Rollout {
  if (step === 'open') return open(rollout, mover);
  if (step === 'hold') return hold(rollout, mover, why);
  return step === 'done' ? { ...rollout, doneAt: mover.at } : rollout;
}

/** In words, for the audit log and for people. */
export function describeRollout({ stages, opened, hold: held, doneAt }: Rollout): string {
  if (doneAt !== null) return 'done';
  const at = opened.length;
  const where = `stage ${at} of ${stages.length}${at === 0 ? '' : ` (${stages[at - 1]?.name ?? ''})`}`;
  return held === null ? where : `${where}, on hold: ${held.why}`;
}
