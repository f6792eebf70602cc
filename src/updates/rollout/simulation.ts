/**
 * Plays a rollout through before there is one: hosts that are made up ask over a time that does not
 * pass, and the code that decides about real ones decides about them.
 */

import type { HostName } from '../../names/host-name.ts';
import type { HostTarget, HostTargets } from '../repository/host-targets.ts';
import type { Rollout, Stage } from '../repository/rollout-file.ts';
import { toStampDecision } from '../server/deciding.ts';
import { judge } from './gates.ts';
import { follow } from './moves.ts';
import { type RolloutOverview, toRolloutOverview } from './overview.ts';
import { Placements } from './placement.ts';
import { type Fleet, makeFleet, type SimulatedHost } from './simulated-fleet.ts';
import { makeRollout } from './starting.ts';
import { type Tally, tallyStages } from './tally.ts';

export interface Scenario {
  readonly hosts: number;
  /** Shares, 0 to 1: of hosts on which the release fails its self test. */
  readonly failures: number;
  /** Of hosts that are never heard of. */
  readonly silent: number;
  /** Of hosts that take the release and are never heard of again. */
  readonly lost: number;
  readonly intervalSeconds: number;
  readonly stages: readonly Stage[];
  /** The same seed plays the same. */
  readonly seed: number;
  /** How long it is watched. */
  readonly limitMs: number;
}

interface SimulatedStep {
  readonly afterMs: number;
  readonly step: 'open' | 'hold' | 'done';
  /** The stage that it happened in. */
  readonly stage: string;
  readonly why: string;
}

export interface Played {
  readonly end: 'done' | 'held' | 'unfinished';
  /** Until it was held or done. */
  readonly endedAfterMs: number;
  readonly steps: readonly SimulatedStep[];
  readonly rollout: RolloutOverview;
  /** Hosts that were offered the release, and those on which it failed. */
  readonly reached: number;
  readonly failed: number;
  /** Hosts that were testing it when it was held, and finished. */
  readonly testing: number;
}

/** Any moment will do; the random id of a rollout comes from the seed. */
const beginMs = Date.UTC(2026, 0, 1);
/** So many moments in an interval. */
const ticksPerInterval = 60;
/** Gates are looked at so often, beside when a failure is told. */
const ticksPerLook = 10;
/** How long a host fetches and tests. */
const testTicks = 5;

/** What is published for every host. */
const target: HostTarget = {
  ...{ counter: 2, targetSha256: '0'.repeat(64), packageSha256: '1'.repeat(64) },
  ...{ agentHash: '0'.repeat(16), expires: '20990101000000', action: 'install' },
};

export function simulate(scenario: Scenario): Played {
  const run = new Simulation(scenario);
  return run.play();
}

class Simulation {
  readonly #scenario: Scenario;
  readonly #fleet: Fleet;
  readonly #steps: SimulatedStep[] = [];
  #placements: Placements;
  #nowMs = beginMs;
  #isFailureTold = false;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#fleet = makeFleet(scenario, beginMs, target.packageSha256);
    const names = this.#fleet.hosts.map(({ host }) => host);
    const targets: HostTargets = new Map(names.map((host) => [host, target]));
    const actor = { env: {}, by: 'simulation', clock: { now: () => beginMs } };
    const stages = toSimulated(scenario.stages, names);
    const rollout = makeRollout(names, targets, stages, actor);
    this.#placements = new Placements({
      rollout: { ...rollout, id: this.#fleet.rolloutId },
      removals: [],
    });
  }

  play(): Played {
    const { intervalSeconds, limitMs } = this.#scenario;
    const tickMs = (intervalSeconds * 1000) / ticksPerInterval;
    let end: Played['end'] = 'unfinished';
    let tick = 0;
    while (end === 'unfinished' && this.#nowMs - beginMs <= limitMs) {
      this.#nowMs = beginMs + tick * tickMs;
      this.#hear(tick);
      if (this.#isFailureTold || tick % ticksPerLook === 0) end = this.#look();
      tick += 1;
    }
    const endedAfterMs = this.#nowMs - beginMs;
    const testing = this.#finish();
    const { hosts } = this.#fleet;
    return {
      ...{ end, endedAfterMs, steps: this.#steps, testing },
      rollout: toRolloutOverview(this.#rollout, this.#tally(), this.#nowMs),
      reached: hosts.filter(({ isReached }) => isReached).length,
      failed: hosts.filter(({ standing }) => standing.state === 'returned').length,
    };
  }

  get #rollout(): Rollout {
    const { rollout } = this.#placements.file;
    if (rollout === null) throw new TypeError('a simulation has a rollout');
    return rollout;
  }

  /** Everybody whose turn it is asks, or tells what came of the release. */
  #hear(tick: number): void {
    for (const host of this.#fleet.turns[tick % ticksPerInterval] ?? []) {
      if (host.isSilent || host.testedAt !== undefined) continue;
      host.lastContactMs = this.#nowMs;
      if (!this.#isOffered(host)) continue;
      host.isReached = true;
      host.testedAt = tick + testTicks;
      this.#fleet.testing.push(host);
    }
    const due = this.#fleet.testing.filter(({ testedAt = 0 }) => testedAt <= tick);
    for (const host of due) this.#tell(host);
    if (due.length > 0) {
      this.#fleet.testing = this.#fleet.testing.filter(({ testedAt = 0 }) => testedAt > tick);
    }
  }

  /** As the server decides, for one that does not have it yet. */
  #isOffered({ host, standing }: SimulatedHost): boolean {
    if (standing.installedCounter >= target.counter || standing.refused !== '-') return false;
    const placement = this.#placements.of(host, target);
    const question = { master: on, identity: {}, contact: undefined, target, placement };
    return toStampDecision(question) === 'offer';
  }

  #tell(host: SimulatedHost): void {
    host.testedAt = undefined;
    if (host.isLost) {
      host.isSilent = true;
      return;
    }
    host.lastContactMs = this.#nowMs;
    if (host.fails) {
      const refused = target.packageSha256;
      host.standing = { installedCounter: 1, state: 'returned', code: 'E-SELFTEST', refused };
      this.#isFailureTold = true;
    } else
      host.standing = { ...host.standing, installedCounter: target.counter, state: 'installed' };
  }

  #tally(): readonly Tally[] {
    const moment = { nowMs: this.#nowMs, listeningForMs: Number.POSITIVE_INFINITY };
    return tallyStages(this.#rollout, this.#placements.stages, this.#fleet.hosts, moment);
  }

  /** The gates, as often as one opens another stage. */
  #look(): Played['end'] {
    this.#isFailureTold = false;
    for (;;) {
      const rollout = this.#rollout;
      const { step, why } = judge(rollout, this.#tally(), this.#nowMs);
      if (step === 'wait') return 'unfinished';
      const stage = rollout.stages[rollout.opened.length - 1]?.name ?? '';
      this.#steps.push({ afterMs: this.#nowMs - beginMs, step, stage, why });
      const mover = { by: 'gates', at: new Date(this.#nowMs).toISOString() };
      this.#placements = this.#placements.with(follow(rollout, { step, why }, mover));
      if (step !== 'open') return step === 'hold' ? 'held' : 'done';
    }
  }

  /** Hosts that test a release finish, whatever was decided meanwhile. */
  #finish(): number {
    const { testing } = this.#fleet;
    for (const host of testing) this.#tell(host);
    return testing.length;
  }
}

const on = { isOn: true, since: undefined, by: undefined };

/** Stages with named hosts get as many of those that are made up; nobody is there to open one by hand. */
function toSimulated(stages: readonly Stage[], names: readonly HostName[]): readonly Stage[] {
  return stages.map(({ hosts, ...stage }) => ({
    ...stage,
    isByHand: false,
    ...(hosts && { hosts: names.slice(0, hosts.length) }),
  }));
}
