/** How the hosts of each stage fare: what gates look at. */

import type { Rollout } from '../repository/rollout-file.ts';
import type { Standing } from '../server/contacts.ts';
import type { HostFacts } from '../server/host-facts.ts';

/** A host of a rollout, as far as gates need to know it. */
export interface Participant {
  readonly host: string;
  /** False for one that is revoked, excluded, switched off or not registered: it cannot take part. */
  readonly takesPart: boolean;
  /** Milliseconds since the epoch. */
  readonly lastContactMs: number;
  readonly intervalSeconds: number;
  readonly standing: Pick<Standing, 'installedCounter' | 'state' | 'refused' | 'code'> | undefined;
  /** Of the package that it is to get. */
  readonly packageSha256: string | undefined;
}

const outcomes = ['installed', 'failed', 'silent', 'waiting'] as const;
export type Outcome = (typeof outcomes)[number];

/** A stage in numbers. */
export interface Tally extends Readonly<Record<Outcome, number>> {
  /** Hosts of the stage that can take part. */
  readonly hosts: number;
  /** Hosts of it that have asked since it was opened. */
  readonly asked: number;
  /** Hosts of it that are revoked, excluded, switched off or not registered. */
  readonly absent: number;
}

/** A host that has left out so many questions counts as silent. */
export const silentIntervals = 3;

/** What a hold or a busy server brings about, and no release. */
const ofTheServer: readonly string[] = ['-', 'E-AUTH', 'E-BUSY', 'E-DISABLED', 'E-EXCLUDED'];

/** What time it is, and for how long hosts could have been heard. */
export interface Moment {
  readonly nowMs: number;
  /** Nobody is silent who had nobody to talk to. */
  readonly listeningForMs: number;
}

/** @param openedMs when the stage of the host was opened; undefined while it is not */
function outcomeOf(
  participant: Participant,
  counter: number,
  openedMs: number | undefined,
  { nowMs, listeningForMs }: Moment,
): Outcome {
  const { standing, lastContactMs, intervalSeconds, packageSha256 } = participant;
  const silentMs = Math.min(nowMs - lastContactMs, listeningForMs);
  if (silentMs > silentIntervals * intervalSeconds * 1000) return 'silent';
  if (standing === undefined || openedMs === undefined) return 'waiting';
  if (packageSha256 !== undefined && standing.refused === packageSha256) return 'failed';
  const isBad = standing.state === 'failed' || standing.state === 'returned';
  if (isBad && lastContactMs >= openedMs && !ofTheServer.includes(standing.code)) return 'failed';
  return standing.installedCounter >= counter ? 'installed' : 'waiting';
}

/** One for each stage, in their order. A host is counted in the first stage that reaches it. */
export function tallyStages(
  rollout: Rollout,
  stages: ReadonlyMap<string, number>,
  participants: Iterable<Participant>,
  moment: Moment,
): readonly Tally[] {
  const tallies = rollout.stages.map(() => ({
    ...{ hosts: 0, asked: 0, absent: 0, installed: 0, failed: 0, silent: 0, waiting: 0 },
  }));
  // Opened later than now: the clock was put back since, and what hosts tell by now counts.
  const opened = rollout.opened.map(({ at }) => {
    const openedMs = Date.parse(at);
    return openedMs > moment.nowMs ? 0 : openedMs;
  });
  for (const participant of participants) {
    const at = stages.get(participant.host);
    const tally = at === undefined ? undefined : tallies[at];
    const counter = rollout.hosts[participant.host];
    if (at === undefined || tally === undefined || counter === undefined) continue;
    if (!participant.takesPart) {
      tally.absent += 1;
      continue;
    }
    const openedMs = opened[at];
    tally.hosts += 1;
    if (openedMs !== undefined && participant.lastContactMs >= openedMs) tally.asked += 1;
    tally[outcomeOf(participant, counter, openedMs, moment)] += 1;
  }
  return tallies;
}

/** A host with what is on disk of it. */
export function toParticipant({
  host,
  contact,
  identity,
  target,
  intervalSeconds,
}: Pick<HostFacts, 'host' | 'contact' | 'identity' | 'target' | 'intervalSeconds'>): Participant {
  const { standing } = contact ?? {};
  const isKnown = identity !== undefined && identity.revokedAt === undefined;
  return {
    host,
    takesPart: isKnown && identity.excluded === undefined && standing?.state !== 'off',
    lastContactMs: contact === undefined ? 0 : Date.parse(contact.lastContact),
    intervalSeconds,
    standing,
    packageSha256: target?.packageSha256,
  };
}
