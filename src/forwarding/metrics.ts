/** What a relay counts of its way to the site. */

import type { ForwardingStatus } from '../collector/status-shape.ts';
import { counter, gauge, type Metric } from '../metrics/metric.ts';

export function toForwardingMetrics(status: ForwardingStatus, nowMs: number): readonly Metric[] {
  const { hosts, waiting, sent, refused, skewMs, receivers } = status;
  const of = (url: string) => ({ receiver: url });
  return [
    gauge('relay_hosts', 'Hosts that are forwarded.', hosts),
    gauge('relay_waiting', 'Hosts of which something is still to be sent.', waiting),
    counter('relay_sent_total', 'Outputs and faults that a receiver has.', sent),
    counter('relay_refused_total', 'Outputs and faults that it will never take.', refused),
    gauge(
      'relay_skew_seconds',
      'How far our clock is ahead of that of the receiver.',
      skewMs === undefined ? undefined : skewMs / 1000,
    ),
    gauge(
      'relay_receiver_up',
      'Whether the receiver answered when it was asked last.',
      receivers.map(({ url, state }) => ({ labels: of(url), value: state === 'down' ? 0 : 1 })),
    ),
    gauge(
      'relay_last_contact_seconds',
      'How long ago the receiver answered.',
      receivers.flatMap(({ url, lastContactAt }) =>
        lastContactAt === undefined
          ? []
          : [{ labels: of(url), value: Math.max(0, nowMs - Date.parse(lastContactAt)) / 1000 }],
      ),
    ),
  ];
}
