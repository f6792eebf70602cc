/** Hosts that are made up, for a simulation. */

import { createHash } from 'node:crypto';
import { type HostName, parseHostName } from '../../names/host-name.ts';
import type { Scenario } from './simulation.ts';
import type { Participant } from './tally.ts';

/** What changes of a host while it is played. */
export interface SimulatedHost extends Participant {
  readonly host: HostName;
  lastContactMs: number;
  standing: NonNullable<Participant['standing']>;
  isSilent: boolean;
  /** The release fails its self test here. */
  readonly fails: boolean;
  /** Takes the release, and is never heard of again. */
  readonly isLost: boolean;
  isReached: boolean;
  /** The moment at which it tells what came of its test. */
  testedAt: number | undefined;
}

export interface Fleet {
  readonly rolloutId: string;
  readonly hosts: readonly SimulatedHost[];
  /** By the moment of an interval at which they ask. */
  readonly turns: readonly (readonly SimulatedHost[])[];
  testing: SimulatedHost[];
}

const moments = 60;

/** The same for the same seed. */
export function makeFleet(scenario: Scenario, beginMs: number, packageSha256: string): Fleet {
  const { seed, intervalSeconds, failures, silent, lost } = scenario;
  const turns: SimulatedHost[][] = Array.from({ length: moments }, () => []);
  const hosts = Array.from({ length: scenario.hosts }, (_, at): SimulatedHost => {
    const [fate = 0, turn = 0] = draw(`${seed} host ${at}`);
    const isSilent = fate < silent;
    const moment = Math.floor(turn * moments);
    // Whoever is silent has been so for a long time; the others have just asked in their turn.
    const beforeMs = ((moments - moment) / moments) * intervalSeconds * 1000;
    const host: SimulatedHost = {
      host: parseHostName(`host${String(at + 1).padStart(5, '0')}`),
      ...{ takesPart: true, intervalSeconds, packageSha256, isSilent },
      lastContactMs: isSilent ? 0 : beginMs - beforeMs,
      standing: { installedCounter: 1, state: 'idle', refused: '-', code: '-' },
      isLost: fate >= silent && fate < silent + lost,
      fails: fate >= silent + lost && fate < silent + lost + failures,
      ...{ isReached: false, testedAt: undefined },
    };
    turns[moment]?.push(host);
    return host;
  });
  const rolloutId = createHash('sha256').update(`${seed} rollout`).digest('hex').slice(0, 32);
  return { rolloutId, hosts, turns, testing: [] };
}

/** Two numbers from 0 to below 1 that a text comes to. */
function draw(text: string): readonly number[] {
  const digest = createHash('sha256').update(text).digest();
  return [digest.readUInt32BE(0), digest.readUInt32BE(4)].map((number) => number / 2 ** 32);
}
