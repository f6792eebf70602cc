/** What a collector says that works with something that is away. */

import type { CollectorStatus } from '../../../src/collector/status-shape.ts';

const refused = { code: 'UNREACHABLE', message: 'connecting to broker1:4222: connection refused' };
const at = '2026-01-01T00:00:00.000Z';

const broker = {
  ...{ waiting: 3, lagMs: 9000, stored: 5, older: 0, conflicts: 0, again: 4 },
  ...{ lost: 0, forwarded: 0, reconnects: 1 },
};

const pool = { member: 'a', members: [], ours: 9, unserved: 0, double: false };

/** Each with how it is told. */
export const awayStatuses: readonly (readonly [Partial<CollectorStatus>, RegExp])[] = [
  [
    { broker: { ...broker, away: refused } },
    /^broker: 3 hosts waiting for 9s, .*; away: connecting to broker1/,
  ],
  [
    {
      subscriptions: [
        {
          ...{ source: 'nats://broker1/mysite/{host}', state: 'away', since: at, hosts: 7 },
          ...{ arrived: 2, foreign: 0, gaps: 0, losses: 1, fault: refused },
        },
      ],
    },
    /^nats:.* away for .* 7 hosts asked one by one .*refused/,
  ],
  [{ pool: { ...pool, state: 'apart', fault: refused } }, /^pool: a is apart, .*refused/],
  [
    { pool: { ...pool, state: 'asking', double: true } },
    /^another collector of the pool is called a/,
  ],
  [
    {
      forwarding: {
        ...{ hosts: 5, waiting: 5, sent: 0, refused: 0, refusedHosts: [] },
        receivers: [
          { url: 'https://monitor1:8000/mysite', state: 'down', fault: refused },
          { url: 'https://monitor2:8000/mysite', state: 'used' },
        ],
      },
    },
    /monitor1:8000\/mysite down: [^;]*refused \(UNREACHABLE\)$/,
  ],
];

/** All of it is there. */
export const wellStatus: Partial<CollectorStatus> = { broker, pool: { ...pool, state: 'asking' } };
