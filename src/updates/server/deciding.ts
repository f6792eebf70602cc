/** What a host is told, and why: the first reason that holds counts. */

import type { StampDecision } from '../documents/stamp.ts';
import type { HostTarget } from '../repository/host-targets.ts';
import type { MasterSwitch } from '../repository/switch.ts';
import type { Placement } from '../rollout/placement.ts';
import type { Contact } from './contacts.ts';
import type { Identity } from './identities.ts';

export interface Question {
  readonly master: MasterSwitch;
  readonly identity: Pick<Identity, 'excluded'> | undefined;
  readonly contact: Pick<Contact, 'standing'> | undefined;
  readonly target: HostTarget | undefined;
  /** Where the host stands in the rollout that is under way. */
  readonly placement: Placement;
}

interface Rule {
  /** When it holds, for the page. */
  readonly when: string;
  /** What the stamp says then; undefined for what the host decides for itself. */
  readonly stamp: StampDecision | undefined;
  holds(question: Question): boolean;
  yes(question: Question): string;
  no(question: Question): string;
}

/**
 * The whole order of decisions; docs/updates-rollouts.md shows it. `off` and `refused` are decided by the
 * host: its stamp says what the server would have it do.
 */
export const order = {
  off: {
    when: 'somebody has switched updates off on the host',
    stamp: undefined,
    holds: ({ contact }) => contact?.standing?.state === 'off',
    yes: () => 'switched off on the host',
    no: () => 'not switched off on the host',
  },
  disabled: {
    when: 'the master switch is off, as it is until `updates on`',
    stamp: 'disabled',
    holds: ({ master }) => !master.isOn,
    yes: ({ master }) => describeOff(master),
    no: () => 'updates are on',
  },
  excluded: {
    when: 'the host was left out by `updates hosts exclude`',
    stamp: 'excluded',
    holds: ({ identity }) => identity?.excluded !== undefined,
    yes: ({ identity }) => describeExclusion(identity),
    no: () => 'not excluded',
  },
  unselected: {
    when: 'no rule of updates.yaml selects it, or nothing is published for it yet',
    stamp: 'none',
    holds: ({ target }) => target === undefined,
    yes: () => 'nothing is published for it',
    no: () => 'a target is published',
  },
  hold: {
    when: 'its rollout is on hold, by a gate or by a person',
    stamp: 'hold',
    holds: ({ placement: { hold } }) => hold !== undefined,
    yes: ({ placement: { hold } }) =>
      `the rollout is on hold since ${hold?.since ?? ''}, by ${hold?.by ?? ''}: ${hold?.why ?? ''}`,
    no: () => 'no rollout is on hold',
  },
  stage: {
    when: 'its stage is not open yet; or its updater is to be switched off, and nobody has confirmed that',
    stamp: 'hold',
    holds: ({ placement }) => placement.isUnconfirmedRemoval || placement.stage?.isOpen === false,
    yes: ({ placement }) =>
      placement.isUnconfirmedRemoval
        ? 'switching its updater off waits for `updates rollout remove-updater`'
        : `stage ${placement.stage?.name ?? ''} is not open yet`,
    no: ({ placement: { stage } }) =>
      stage === undefined ? 'no rollout in stages' : `stage ${stage.name} is open`,
  },
  refused: {
    when: 'the host refuses the package, since it failed there',
    stamp: undefined,
    holds: ({ contact, target }) =>
      target !== undefined && contact?.standing?.refused === target.packageSha256,
    yes: () => 'the host refuses this package: it failed there',
    no: () => 'not refused by the host',
  },
  offer: {
    when: 'nothing of that: it may have what is published',
    stamp: 'offer',
    holds: () => true,
    yes: ({ target }) => `target ${target?.counter ?? ''} is offered`,
    no: () => '',
  },
} as const satisfies Readonly<Record<string, Rule>>;

export type Reason = keyof typeof order;

/** In their order. */
export const reasons = [
  'off',
  'disabled',
  'excluded',
  'unselected',
  'hold',
  'stage',
  'refused',
  'offer',
] as const satisfies readonly Reason[];

const rules: Readonly<Record<Reason, Rule>> = order;

/** Whether each reason holds, in order, with its words. */
export interface Step {
  readonly reason: Reason;
  readonly holds: boolean;
  readonly words: string;
}

/** All steps, also those behind the one that decides. */
export function explain(question: Question): readonly Step[] {
  return reasons.map((reason) => {
    const rule = rules[reason];
    const holds = rule.holds(question);
    return { reason, holds, words: holds ? rule.yes(question) : rule.no(question) };
  });
}

/** The step that decides. */
export function decide(question: Question): Step {
  const reason = findReason(question);
  return { reason, holds: true, words: rules[reason].yes(question) };
}

/** The same without words, for those who ask it often. */
function findReason(question: Question): Reason {
  return reasons.find((reason) => rules[reason].holds(question)) ?? 'offer';
}

/** What the stamp says. What a host decides for itself is left out of it. */
export function toStampDecision(question: Question): StampDecision {
  const decisive = reasons.find(
    (reason) => rules[reason].stamp !== undefined && rules[reason].holds(question),
  );
  return rules[decisive ?? 'offer'].stamp ?? 'offer';
}

function describeOff({ since, by }: MasterSwitch): string {
  if (since === undefined) return 'updates were never turned on: cmk-courier updates on';
  return `updates are off since ${since}, turned by ${by ?? 'somebody'}`;
}

function describeExclusion(identity: Question['identity']): string {
  const { since = '', by = '', why = '' } = identity?.excluded ?? {};
  return `excluded ${since} by ${by}: ${why}`;
}
