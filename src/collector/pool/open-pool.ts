/** From options to a pool. */

import { randomUUID } from 'node:crypto';
import { toNatsOptions } from '../../broker/options.ts';
import type { CommandContext } from '../../cli/command.ts';
import { NatsSession } from '../../nats/session.ts';
import { usualTimes } from './contract.ts';
import { NatsWay } from './nats-way.ts';
import { memberName, type PoolPlace, type PoolValues } from './options.ts';
import { Pool } from './pool.ts';
import { PoolOutlet } from './pool-outlet.ts';

/** A pool, and what the collector is to tell of it. */
export interface OpenPool {
  readonly pool: Pool;
  readonly way: NatsWay;
  readonly outlet: PoolOutlet;
}

/** Beats and records are small. */
const longestMessage = 1_000_000;

/**
 * Nothing is connected yet.
 *
 * @throws the reason of the shutdown
 */
export function openPool(
  values: PoolValues & { readonly pool: PoolPlace },
  { clock, log, env, shutdown }: CommandContext,
): OpenPool {
  const { servers, name } = values.pool;
  const member = memberName(values);
  // It outlives the shutdown by the moment it takes to tell that we leave.
  const unended = new AbortController().signal;
  shutdown.throwIfAborted();
  const context = { log, env, signal: unended, maxOutputBytes: longestMessage };
  const session = new NatsSession(servers, toNatsOptions(values), context);
  const instance = randomUUID();
  const pool = new Pool({
    member,
    instance,
    networks: values.poolNetwork,
    times: usualTimes,
    clock,
    log,
  });
  const { silenceMs } = usualTimes;
  const way = new NatsWay({ session, pool, name, member, silenceMs, clock, log });
  return { pool, way, outlet: new PoolOutlet(pool, way) };
}
