/** The stages of updates.yaml, checked, and which hosts the conditions of each fit. */

import type { YamlLayout, YamlProblem } from '../../cli/yaml-file.ts';
import { lineOf } from '../../cli/yaml-problems.ts';
import { quote } from '../../faults/errors.ts';
import { type Stage, whole } from '../repository/rollout-file.ts';
import { type Condition, type Groups, toConditions, whyNot } from './conditions.ts';
import type { KnownHost } from './rules.ts';
import type { StageInFile } from './schema.ts';

/** A stage before it is known which hosts there are. */
export interface StageRule {
  readonly stage: Omit<Stage, 'hosts'>;
  /** Empty: it is for all hosts. */
  readonly conditions: readonly Condition[];
}

/** What counts where a stage does not say it. */
const usualSoakSeconds = 86_400;
const usualSuccesses = { share: whole / 2 };
const usualLimits = { failures: 200, silent: 1000 };

export interface ReadStages {
  /** Undefined: all at once. */
  readonly stages: readonly StageRule[] | undefined;
  readonly problems: readonly YamlProblem[];
}

export function toStages(
  given: readonly StageInFile[] | undefined,
  groups: Groups,
  layout: YamlLayout,
): ReadStages {
  if (given === undefined) return { stages: undefined, problems: [] };
  const stages = given.map((stage) => toStageRule(stage, groups));
  const problems = stages.flatMap((_, at) => {
    const message = findProblem(stages, at);
    return message === undefined ? [] : [{ line: lineOf(['stages', at], layout), message }];
  });
  return { stages, problems };
}

function toStageRule(given: StageInFile, groups: Groups): StageRule {
  return {
    conditions: toConditions(given, groups),
    stage: {
      name: given.name,
      share: given.share ?? whole,
      soakSeconds: given.soak ?? usualSoakSeconds,
      successes: given.successes ?? usualSuccesses,
      failures: given.failures ?? usualLimits.failures,
      silent: given.silent ?? usualLimits.silent,
      isByHand: given.next === 'by-hand',
    },
  };
}

function findProblem(stages: readonly StageRule[], at: number): string | undefined {
  const one = stages[at];
  if (one === undefined) return undefined;
  const { stage, conditions } = one;
  const before = stages.slice(0, at);
  if (before.some((other) => other.stage.name === stage.name)) {
    return `two stages have the name ${quote(stage.name)}`;
  }
  if (conditions.length === 0) {
    const wider = before.find((other) => {
      return other.conditions.length === 0 && other.stage.share >= stage.share;
    });
    if (wider !== undefined) return `its share must be larger than that of ${wider.stage.name}`;
  }
  const isForAll = conditions.length === 0 && stage.share === whole;
  if (at < stages.length - 1 || isForAll) return undefined;
  return 'the last stage must be for all hosts: without conditions, with a share of 100%';
}

/** With the hosts that conditions fit, as they are written into the plan. */
export function toPlannedStages(
  stages: readonly StageRule[] | undefined,
  hosts: readonly KnownHost[],
): readonly Stage[] | undefined {
  return stages?.map(({ stage, conditions }) => {
    if (conditions.length === 0) return stage;
    const fitting = hosts.filter((host) => whyNot(conditions, host) === undefined);
    return { ...stage, hosts: fitting.map(({ host }) => host) };
  });
}
