/** How far a rollout has come: totals of each stage, its limits, and what it waits for. */

import { type Rollout, whole } from '../repository/rollout-file.ts';
import { describeTally, judge, neededSuccesses } from './gates.ts';
import type { Tally } from './tally.ts';

export interface StageOverview extends Tally {
  readonly name: string;
  /** 0 to 1. */
  readonly share: number;
  readonly isOpen: boolean;
  /** ISO 8601; null while it is not open. */
  readonly openedAt: string | null;
  readonly limits: {
    /** Shares of its hosts, 0 to 1. */
    readonly failures: number;
    readonly silent: number;
    /** Of its hosts as they are now. */
    readonly successes: number;
    readonly soakMs: number;
    readonly isByHand: boolean;
  };
  /** The totals in words. */
  readonly words: string;
}

export interface RolloutOverview {
  readonly id: string;
  readonly startedAt: string;
  readonly startedBy: string;
  readonly state: 'running' | 'held' | 'done';
  readonly hold: { readonly since: string; readonly by: string; readonly why: string } | null;
  /** What it waits for, or what will come of it when the next host asks. */
  readonly words: string;
  readonly stages: readonly StageOverview[];
}

/** @param nowMs milliseconds since the epoch */
export function toRolloutOverview(
  rollout: Rollout,
  tallies: readonly Tally[],
  nowMs: number,
): RolloutOverview {
  const { id, startedAt, startedBy, hold, doneAt } = rollout;
  const { step, why } = judge(rollout, tallies, nowMs);
  const next = {
    wait: '',
    open: 'the next stage opens: ',
    hold: 'about to hold: ',
    done: 'done: ',
  };
  const stages = rollout.stages.map((stage, at): StageOverview => {
    const tally = tallies[at] ?? nobody;
    const opened = rollout.opened[at];
    return {
      ...{ name: stage.name, share: stage.share / whole, isOpen: opened !== undefined },
      openedAt: opened?.at ?? null,
      ...tally,
      limits: {
        ...{ failures: stage.failures / whole, silent: stage.silent / whole },
        successes: neededSuccesses(stage, tally.hosts),
        ...{ soakMs: stage.soakSeconds * 1000, isByHand: stage.isByHand },
      },
      words: describeTally(tally),
    };
  });
  const state = doneAt !== null ? 'done' : hold !== null ? 'held' : 'running';
  return { id, startedAt, startedBy, state, hold, words: `${next[step]}${why}`, stages };
}

const nobody: Tally = {
  ...{ hosts: 0, asked: 0, absent: 0, installed: 0, failed: 0, silent: 0, waiting: 0 },
};
