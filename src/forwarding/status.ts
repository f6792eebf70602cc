/** How the way to the site is, for `cmk-courier status`. */

import type { ForwardingStatus } from '../collector/status-shape.ts';
import { cleanText } from '../faults/errors.ts';
import type { Receiver } from './receiver.ts';
import type { Verdicts } from './verdicts.ts';
import type { Way } from './way.ts';

type ReceiverStatus = ForwardingStatus['receivers'][number];

export function reportForwarding(
  way: Way,
  verdicts: Verdicts,
  counts: Pick<ForwardingStatus, 'hosts' | 'waiting'>,
): ForwardingStatus {
  const { sent, refused, refusedHosts, skewMs, relay } = verdicts;
  return {
    relay,
    receivers: way.receivers.map((receiver) => toStatus(receiver, way.current)),
    ...counts,
    ...{ sent, refused, skewMs, refusedHosts: [...refusedHosts] },
  };
}

function toStatus(receiver: Receiver, current: Receiver | undefined): ReceiverStatus {
  const { shown: url, fault, lastContactAt } = receiver;
  const isUntried = lastContactAt === undefined;
  const isWell = isUntried ? 'untried' : receiver === current ? 'used' : 'well';
  return {
    url,
    state: fault === undefined ? isWell : 'down',
    lastContactAt: lastContactAt?.toISOString(),
    fault: fault && { code: fault.code, message: cleanText(fault.message) },
  };
}
