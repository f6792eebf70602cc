/** What the receiver counts of relays. */

import { counter, gauge, type Metric, type Sample } from '../../metrics/metric.ts';
import type { RelayRecord } from '../../relay/records.ts';
import type { RelayDesk } from './desk.ts';

/** Nothing where there are no relays. */
export function toRelayMetrics(
  { relays: known, counts }: RelayDesk,
  nowMs: number,
): readonly Metric[] {
  // Seen the next time.
  void known.refresh();
  const relays = known.all;
  if (relays.length === 0) return [];
  const each = (amount: (relay: RelayRecord) => number): readonly Sample[] =>
    relays.map((relay) => ({ labels: { relay: relay.name, id: relay.id }, value: amount(relay) }));
  const sinceS = ({ lastContactMs }: RelayRecord) => Math.max(0, nowMs - lastContactMs) / 1000;
  return [
    counter('relay_outputs_total', 'Outputs that relays have brought.', counts.outputs),
    counter('relay_faults_total', 'Faults that relays have told.', counts.faults),
    counter('relay_refused_total', 'Hosts that were refused to relays.', counts.refused),
    gauge('relay_last_contact_seconds', 'How long ago a relay was heard of.', each(sinceS)),
    gauge(
      'relay_hosts',
      'Hosts that a relay asks for.',
      each(({ hosts }) => hosts),
    ),
    gauge(
      'relay_waiting',
      'Hosts of which a relay has something to send.',
      each(({ waiting }) => waiting),
    ),
    gauge(
      'relay_skew_seconds',
      'How far the clock of a relay is ahead of ours.',
      each(({ skewMs }) => skewMs / 1000),
    ),
  ];
}
