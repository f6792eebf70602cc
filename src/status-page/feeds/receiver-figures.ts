/** How the receiver is: uploads, refusals, handshakes, its certificate, its spool. */

import { brokerFigures } from './broker-table.ts';
import type { FigureSpec } from './figures.ts';

export const receiverFigures: readonly FigureSpec[] = [
  {
    ...{ name: 'receiver.uploads', label: 'Outputs stored', unit: 'per-second', kind: 'rate' },
    metric: 'uploads_total',
  },
  {
    ...{ name: 'receiver.bytes', label: 'Bytes a second', unit: 'bytes', kind: 'rate' },
    metric: 'uploaded_bytes_total',
  },
  {
    ...{ name: 'receiver.requests', label: 'Requests', unit: 'per-second', kind: 'rate' },
    metric: 'requests_total',
  },
  {
    ...{
      name: 'receiver.handshakes',
      label: 'Failed handshakes',
      unit: 'per-second',
      kind: 'rate',
    },
    metric: 'handshake_failures_total',
  },
  {
    ...{ name: 'receiver.connections', label: 'Connections', unit: 'count', kind: 'value' },
    metric: 'connections',
  },
  {
    ...{ name: 'receiver.certificate', label: 'Certificate ends', unit: 'days', kind: 'until' },
    ...{ metric: 'certificate_not_after_seconds', warnAt: 30, badAt: 7 },
  },
  {
    ...{ name: 'receiver.oldest', label: 'Longest silence', unit: 'seconds', kind: 'value' },
    metric: 'oldest_output_age_seconds',
  },
  {
    ...{ name: 'receiver.fsync', label: 'Latest fsync', unit: 'seconds', kind: 'value' },
    ...{ metric: 'fsync_seconds', warnAt: 1 },
  },
  {
    ...{ name: 'receiver.hosts', label: 'Hosts in the spool', unit: 'count', kind: 'value' },
    metric: 'spool_hosts',
  },
  {
    ...{ name: 'receiver.spool', label: 'Spool', unit: 'bytes', kind: 'value' },
    metric: 'spool_bytes',
  },
  ...brokerFigures('receiver'),
];
