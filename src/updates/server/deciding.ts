/** What a host is told, and why: the first reason that holds counts. */

import type { StampDecision } from '../documents/stamp.ts';
import type { HostTarget } from '../repository/host-targets.ts';
import type { MasterSwitch } from '../repository/switch.ts';
import type { Contact } from './contacts.ts';
import type { Identity } from './identities.ts';

/**
 * In this order. `hold` and `stage` are for rollouts in stages. `off` and `refused` are decided by
 * the host: its stamp says what the server would have it do.
 */
export const reasons = [
  'off',
  'disabled',
  'excluded',
  'unselected',
  'hold',
  'stage',
  'refused',
  'offer',
] as const;
export type Reason = (typeof reasons)[number];

export interface Question {
  readonly master: MasterSwitch;
  readonly identity: Pick<Identity, 'excluded'> | undefined;
  readonly contact: Pick<Contact, 'standing'> | undefined;
  readonly target: HostTarget | undefined;
}

/** Whether each reason holds, in order, with its words. */
export interface Step {
  readonly reason: Reason;
  readonly holds: boolean;
  readonly words: string;
}

/** All steps, also those behind the one that decides. */
export function explain({ master, identity, contact, target }: Question): readonly Step[] {
  const { standing } = contact ?? {};
  const isOff = standing?.state === 'off';
  const { excluded } = identity ?? {};
  const refuses = target !== undefined && standing?.refused === target.packageSha256;
  const said: Readonly<Record<Reason, readonly [holds: boolean, yes: string, no: string]>> = {
    off: [isOff, 'switched off on the host', 'not switched off on the host'],
    disabled: [!master.isOn, describeOff(master), 'updates are on'],
    excluded: [
      excluded !== undefined,
      `excluded ${excluded?.since ?? ''} by ${excluded?.by ?? ''}: ${excluded?.why ?? ''}`,
      'not excluded',
    ],
    unselected: [target === undefined, 'nothing is published for it', 'a target is published'],
    hold: [false, '', 'no rollout is on hold'],
    stage: [false, '', 'no rollout in stages'],
    refused: [refuses, 'the host refuses this package: it failed there', 'not refused by the host'],
    offer: [true, `target ${target?.counter ?? ''} is offered`, ''],
  };
  return reasons.map((reason) => {
    const [holds, yes, no] = said[reason];
    return { reason, holds, words: holds ? yes : no };
  });
}

/** The step that decides. */
export function decide(question: Question): Step {
  const steps = explain(question);
  const decisive = steps.find(({ holds }) => holds);
  return decisive ?? { reason: 'offer', holds: true, words: '' };
}

/** What the stamp says. What a host decides for itself is left out of it. */
export function toStampDecision(question: Question): StampDecision {
  const [step] = explain(question).filter(
    ({ reason, holds }) => holds && reason !== 'off' && reason !== 'refused',
  );
  const words = { disabled: 'disabled', excluded: 'excluded', unselected: 'none' } as const;
  const reason = step?.reason;
  if (reason === 'disabled' || reason === 'excluded' || reason === 'unselected') {
    return words[reason];
  }
  return reason === 'hold' || reason === 'stage' ? 'hold' : 'offer';
}

function describeOff({ since, by }: MasterSwitch): string {
  if (since === undefined) return 'updates were never turned on: cmk-courier updates on';
  return `updates are off since ${since}, turned by ${by ?? 'somebody'}`;
}
