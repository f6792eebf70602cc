/** What a collector works with and cannot reach, or cannot rely on, as its status tells it. */

import { describeBroker, describePool, describeSubscription } from './broker-lines.ts';
import { describeForwarding } from './relay-lines.ts';
import type { CollectorStatus } from './status-shape.ts';

/** A line for each; none where all is well. Hosts that fail are no part of it. */
export function findAway(status: CollectorStatus, nowMs: number): readonly string[] {
  const { broker, pool, forwarding, subscriptions = [] } = status;
  const followed = subscriptions.filter(({ state }) => state === 'away');
  return [
    ...(broker?.away === undefined ? [] : [describeBroker(broker)]),
    ...followed.map((subscription) => describeSubscription(subscription, nowMs)),
    ...(pool === undefined ? [] : findApart(pool)),
    ...(forwarding === undefined ? [] : findDown(forwarding)),
  ];
}

/** The first line is how it is, the others are what is wrong. */
function findApart(pool: NonNullable<CollectorStatus['pool']>): readonly string[] {
  const [how, ...wrong] = describePool(pool);
  const isApart = pool.state === 'apart' || pool.fault !== undefined;
  return [...(isApart && how !== undefined ? [how] : []), ...wrong];
}

function findDown(forwarding: NonNullable<CollectorStatus['forwarding']>): readonly string[] {
  const receivers = forwarding.receivers.filter(({ state }) => state === 'down');
  if (receivers.length === 0) return [];
  return describeForwarding({ ...forwarding, receivers, refusedHosts: [] });
}
