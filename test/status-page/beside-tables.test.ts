/** What hangs on a collector, as its panel lists it and as it is told ahead of every view. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CollectorStatus } from '../../src/collector/status-shape.ts';
import { toBesideTables, toNotices } from '../../src/status-page/feeds/beside-tables.ts';

const at = '2026-11-28T12:00:00.000Z';
const atMs = Date.parse(at);
const fault = { code: 'UNREACHABLE', message: 'connection refused' };

const subscriptions: CollectorStatus['subscriptions'] = [
  {
    ...{ source: 'nats://b1/prod/{host}', state: 'away', since: at, fault },
    ...{ hosts: 3, arrived: 7, foreign: 2, gaps: 1, losses: 1 },
  },
  {
    ...{ source: 'spool:', state: 'following', since: at },
    ...{ hosts: 1, arrived: 0, foreign: 0, gaps: 0, losses: 0 },
  },
];
const forwarding: CollectorStatus['forwarding'] = {
  ...{ relay: 'far1', hosts: 5, waiting: 2, sent: 9, refused: 1, skewMs: 0 },
  receivers: [
    { url: 'https://a:8000/', state: 'down', lastContactAt: at, fault },
    { url: 'https://b:8000/', state: 'used', lastContactAt: at },
    { url: 'https://c:8000/', state: 'untried' },
  ],
  refusedHosts: [{ host: 'web09', message: 'not yours' }],
};
const broker: CollectorStatus['broker'] = {
  ...{ away: { code: 'TIMEOUT', message: 'no answer' }, waiting: 2, lagMs: 61_000 },
  ...{ stored: 9, older: 1, conflicts: 2, again: 3, lost: 6, forwarded: 4, reconnects: 5 },
};

test('followed sources, receivers of a relay and the broker are tables, each with what is wrong', () => {
  const [followed, receivers, refused, ofBroker, ...more] = toBesideTables({
    ...{ subscriptions, forwarding, broker },
  });
  const away = 'away, its hosts are asked one by one meanwhile';
  const why = 'connection refused (UNREACHABLE)';
  assert.deepEqual(followed?.rows, [
    { level: 'bad', cells: ['nats://b1/prod/{host}', away, atMs, 3, 7, 2, 1, 1, why] },
    { level: 'ok', cells: ['spool:', 'following', atMs, 1, 0, 0, 0, 0, ''] },
  ]);
  assert.equal(receivers?.title, 'Receivers of this relay, where it is called far1');
  assert.deepEqual(receivers.rows, [
    { level: 'bad', cells: ['https://a:8000/', 'down', atMs, why] },
    { level: 'ok', cells: ['https://b:8000/', 'gets what comes', atMs, ''] },
    { level: 'ok', cells: ['https://c:8000/', 'not tried yet', '', ''] },
  ]);
  assert.deepEqual(refused?.rows, [{ level: 'warn', cells: ['web09', 'not yours'] }]);
  assert.deepEqual(
    ofBroker?.rows.map(({ level, cells }) => [level, ...cells]),
    [
      ['bad', 'It is away: no answer (TIMEOUT)', ''],
      ['ok', 'Hosts whose output waits here, the first of them for 1m1s', 2],
      ['ok', 'Outputs it has acknowledged', 9],
      ['ok', 'of them had waited here', 4],
      ['ok', 'Outputs dropped for newer ones that were there', 1],
      ['ok', 'Conflicts with another writer', 2],
      ['ok', 'Attempts that had to be repeated', 3],
      ['bad', 'Outputs it had acknowledged and has lost', 6],
      ['ok', 'Connections after the first one', 5],
    ],
  );
  assert.deepEqual(more, []);
  for (const { columns, rows } of [followed, receivers, refused, ofBroker]) {
    assert.deepEqual([...new Set(rows.map(({ cells }) => cells.length))], [columns.length]);
  }
  assert.deepEqual(toBesideTables({}), []);
});

test('what is away is told ahead of all views, since when, why, and what happens meanwhile', () => {
  assert.deepEqual(toNotices({ subscriptions, forwarding, broker }), [
    {
      text: 'nats://b1/prod/{host} is away: connection refused (UNREACHABLE); its 3 hosts are asked one by one meanwhile',
      sinceMs: atMs,
    },
    {
      text: 'the receiver https://a:8000/ is down: connection refused (UNREACHABLE); another one takes what comes',
      sinceMs: atMs,
    },
    { text: 'the broker is away: no answer (TIMEOUT); output of 2 hosts waits here' },
  ]);
  const textsOf = (changes: Partial<typeof broker>) =>
    toNotices({ broker: { ...broker, ...changes } }).map(({ text }) => text);
  assert.deepEqual(textsOf({ waiting: 0 }), ['the broker is away: no answer (TIMEOUT)']);
  const back = 'the broker gets what waited: output of 2 hosts is still here';
  assert.deepEqual(textsOf({ away: undefined }), [back]);
  assert.deepEqual(textsOf({ away: undefined, lagMs: 900 }), []);
  const [away, following] = subscriptions;
  assert.ok(away !== undefined && following !== undefined);
  assert.deepEqual(toNotices({ subscriptions: [following] }), []);
  const many = Array.from({ length: 20 }, () => away);
  assert.equal(toNotices({ subscriptions: many }).length, 5);
  const alone = { ...forwarding, receivers: forwarding.receivers.slice(0, 1) };
  assert.deepEqual(
    toNotices({ forwarding: alone }).map(({ text }) => text),
    [
      'the receiver https://a:8000/ is down: connection refused (UNREACHABLE); output of 2 hosts waits here',
    ],
  );
});
