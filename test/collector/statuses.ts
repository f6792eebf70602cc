/** What a collector says of itself, for tests. */

import type { CollectorStatus, HostStatus } from '../../src/collector/status-shape.ts';

/** A host that has lately been asked and answered, with `changes` worked in. */
export function makeHost(host: string, changes: Partial<HostStatus> = {}): HostStatus {
  return {
    host,
    route: 'all',
    served: 'output',
    ageMs: 12_000,
    source: `http https://depot/${host}`,
    failures: 0,
    backoff: 'none',
    nextDueMs: 30_000,
    ...changes,
  };
}

/** That of a collector with these hosts, with `changes` worked in. */
export function makeStatus(
  hosts: readonly HostStatus[],
  changes: Partial<CollectorStatus> = {},
): CollectorStatus {
  return {
    version: '0.1.0',
    pid: 1,
    startedAt: '2026-01-01T00:00:00.000Z',
    routesPath: '/r.yaml',
    running: 0,
    cycles: { good: 1, faulty: 0 },
    hostCount: hosts.length,
    hosts: [...hosts],
    ...changes,
  };
}
