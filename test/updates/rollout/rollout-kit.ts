/** Rollouts as tests need them. */

import { parseHostName } from '../../../src/names/host-name.ts';
import type { HostTarget, HostTargets } from '../../../src/updates/repository/host-targets.ts';
import type { Rollout, Stage } from '../../../src/updates/repository/rollout-file.ts';
import { makeRollout } from '../../../src/updates/rollout/starting.ts';
import type { Participant } from '../../../src/updates/rollout/tally.ts';

export const startMs = Date.UTC(2026, 10, 28, 9);

export function aStage(change: Partial<Stage> = {}): Stage {
  return {
    name: 'all',
    share: 10_000,
    soakSeconds: 3600,
    successes: { number: 1 },
    failures: 200,
    silent: 1000,
    isByHand: false,
    ...change,
  };
}

export function targetsOf(names: readonly string[], counter = 2): HostTargets {
  const target: HostTarget = {
    ...{ counter, targetSha256: 'ab'.repeat(32), packageSha256: 'cd'.repeat(32) },
    ...{ agentHash: '0123456789abcdef', expires: '20271128000000', action: 'install' as const },
  };
  return new Map(names.map((name) => [parseHostName(name), target]));
}

export function aRollout(names: readonly string[], stages: readonly Stage[]): Rollout {
  const actor = { env: {}, by: 'alice', clock: { now: () => startMs } };
  return makeRollout(names.map(parseHostName), targetsOf(names), stages, actor);
}

type Told = Participant['standing'];

export function participant(
  host: string,
  told: Partial<NonNullable<Told>> = {},
  change: Partial<Participant> = {},
): Participant {
  return {
    ...{ host, takesPart: true, lastContactMs: startMs, intervalSeconds: 3600 },
    packageSha256: 'cd'.repeat(32),
    standing: { installedCounter: 1, state: 'idle', refused: '-', code: '-', ...told },
    ...change,
  };
}

export function namesOf(number: number): readonly string[] {
  return Array.from({ length: number }, (_, at) => `host${String(at).padStart(5, '0')}`);
}
