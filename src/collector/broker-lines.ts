/** Brokers in lines of the status: what goes into one, and what comes from one by itself. */

import type { BrokerStatus } from '../broker/status-shape.ts';
import { cleanText } from '../faults/errors.ts';
import { counted } from '../names/counted.ts';
import { formatDuration } from '../times/durations.ts';
import type { SubscriptionStatus } from './status-shape.ts';

/** One line; why it is away comes last. */
export function describeBroker(status: BrokerStatus): string {
  const { away, waiting, lagMs, stored, older, conflicts, again, forwarded, reconnects } = status;
  const since = waiting === 0 ? '' : ` for ${formatDuration(lagMs)}`;
  const why = away === undefined ? '' : `; away: ${away.message} (${away.code})`;
  const counts = [
    `${counted(waiting, 'host')} waiting${since}`,
    `${stored} stored`,
    `${forwarded} of them had waited`,
    `${older} dropped for newer ones`,
    counted(conflicts, 'conflict'),
    `${again} tried again`,
    counted(reconnects, 'reconnect'),
  ];
  return cleanText(`broker: ${counts.join(', ')}${why}`, 400);
}

/** One line for a source that is followed. */
export function describeSubscription(status: SubscriptionStatus): string {
  const { source, state, hosts, arrived, foreign, gaps, losses, fault } = status;
  const why = fault === undefined ? '' : `: ${fault.message} (${fault.code})`;
  const counts = [
    counted(hosts, 'host'),
    `${arrived} arrived`,
    `${foreign} of hosts in no route`,
    counted(gaps, 'gap'),
    `lost ${counted(losses, 'time')}`,
  ];
  return cleanText(`${source} ${state}, ${counts.join(', ')}${why}`, 400);
}
