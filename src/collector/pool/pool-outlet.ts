/** What the collector tells of its pool. */

import { counter, gauge, type Metric } from '../../metrics/metric.ts';
import type { Outlet } from '../outlets.ts';
import type { CollectorStatus } from '../status-shape.ts';
import type { NatsWay } from './nats-way.ts';
import type { Pool } from './pool.ts';
import { toVersion } from './shares.ts';

export class PoolOutlet implements Outlet {
  readonly name = 'pool';
  readonly #pool: Pool;
  readonly #way: NatsWay;

  constructor(pool: Pool, way: NatsWay) {
    this.#pool = pool;
    this.#way = way;
  }

  /** May be called twice; never rejects. */
  stop(): Promise<void> {
    return this.#way.stop();
  }

  cycleEnded(): void {
    // The collector itself tells the pool.
  }

  toMetrics(): readonly Metric[] {
    const { members, ours, unserved, state, difference } = this.#pool.status();
    return [
      gauge('pool_members', 'Collectors of the pool that are heard of.', members.length),
      gauge('pool_hosts', 'Hosts that this collector asks for the pool.', ours),
      gauge('pool_unserved_hosts', 'Hosts whose network no collector reaches.', unserved),
      gauge(
        'pool_routes_differ',
        'Whether members have different routes; status says which.',
        difference === undefined ? 0 : 1,
      ),
      gauge('pool_apart', 'Whether the others cannot be heard.', state === 'apart' ? 1 : 0),
      counter(
        'pool_reconnects_total',
        'Connections to the pool after the first.',
        this.#way.reconnects,
      ),
    ];
  }

  toStatus(): Partial<CollectorStatus> {
    const { members, difference, ...status } = this.#pool.status();
    const fault = this.#way.fault;
    return {
      pool: {
        ...status,
        ...(difference === undefined ? {} : { difference }),
        members: members.map(({ networks, shares, ...member }) => ({
          ...member,
          networks: [...networks],
          ...(shares && { hosts: shares.hosts, version: toVersion(shares) }),
        })),
        ...(fault === undefined ? {} : { fault: { code: fault.code, message: fault.message } }),
      },
    };
  }
}
