/** Brokers in lines of the status: what goes into one, and what comes from one by itself. */

import type { BrokerStatus } from '../broker/status-shape.ts';
import { cleanText } from '../faults/errors.ts';
import { counted } from '../names/counted.ts';
import { formatDuration } from '../times/durations.ts';
import type { PoolStatus, SubscriptionStatus } from './status-shape.ts';

/** One line; why it is away comes last. */
export function describeBroker(status: BrokerStatus): string {
  const { away, waiting, lagMs, stored, older, conflicts, again, lost } = status;
  const { forwarded, reconnects } = status;
  const since = waiting === 0 ? '' : ` for ${formatDuration(lagMs)}`;
  const why = away === undefined ? '' : `; away: ${away.message} (${away.code})`;
  const counts = [
    `${counted(waiting, 'host')} waiting${since}`,
    `${stored} stored`,
    `${forwarded} of them had waited`,
    `${older} dropped for newer ones`,
    counted(conflicts, 'conflict'),
    `${again} tried again`,
    ...(lost === 0 ? [] : [`${lost} acknowledged and lost by it`]),
    counted(reconnects, 'reconnect'),
  ];
  return cleanText(`broker: ${counts.join(', ')}${why}`, 400);
}

/** What is wrong with the pool has a line of its own. */
export function describePool(status: PoolStatus): readonly string[] {
  const { member, state, members, ours, unserved, difference, double, fault } = status;
  const others = members.filter((other) => other.member !== member);
  const line = [
    `pool: ${member} is ${state}`,
    `${counted(others.length, 'other member')}${nameMembers(others)}`,
    `${counted(ours, 'host')} ours`,
    ...(unserved === 0 ? [] : [`${unserved} in networks that no member reaches`]),
  ];
  return [
    `${line.join(', ')}${fault === undefined ? '' : `; ${fault.message} (${fault.code})`}`,
    ...(difference === undefined ? [] : [difference]),
    ...(double ? [`another collector of the pool is called ${member}, too`] : []),
  ].map((text) => cleanText(text, 800));
}

/** More are in `--json`. */
const mostNamed = 10;

function nameMembers(members: PoolStatus['members']): string {
  if (members.length === 0) return '';
  const names = members
    .slice(0, mostNamed)
    .map(({ member, state }) => (state === 'asking' ? member : `${member} ${state}`));
  return ` (${[...names, ...(members.length > mostNamed ? ['…'] : [])].join(', ')})`;
}

/** What becomes of the hosts of a source that is followed while it is away. */
export const askedMeanwhile = 'asked one by one meanwhile';

/** One line for a source that is followed. */
export function describeSubscription(status: SubscriptionStatus, nowMs: number): string {
  const { source, state, since, hosts, arrived, foreign, gaps, losses, fault } = status;
  const isAway = state === 'away';
  const ago = since === undefined ? '' : formatDuration(Math.max(0, nowMs - Date.parse(since)));
  const how = isAway && ago !== '' ? `away for ${ago}` : state;
  const why = fault === undefined ? '' : `: ${fault.message} (${fault.code})`;
  const counts = [
    `${counted(hosts, 'host')}${isAway ? ` ${askedMeanwhile}` : ''}`,
    `${arrived} arrived`,
    `${foreign} of hosts in no route`,
    counted(gaps, 'gap'),
    `lost ${counted(losses, 'time')}`,
  ];
  return cleanText(`${source} ${how}, ${counts.join(', ')}${why}`, 400);
}
