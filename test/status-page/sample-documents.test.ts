import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeltaEvent, GoneEvent, SnapshotEvent } from '../../src/status-page/events.ts';
import { groupings, partNames, sortings } from '../../src/status-page/model.ts';
import type { Pages } from '../../src/status-page/page-contract.ts';
import { makeFleet, makeHost, makeOperations, sampleNowMs } from './sample-documents.ts';

type EventOrPages = DeltaEvent | GoneEvent | SnapshotEvent | Pages;

test('samples are documents that survive being sent', () => {
  const sent: readonly EventOrPages[] = [makeFleet(), makeHost(), makeOperations()].map(
    (document) => ({ document }),
  );
  assert.deepEqual(JSON.parse(JSON.stringify(sent)).length, sent.length);
});

test('a sample of the fleet honours its query', () => {
  const fleet = makeFleet(1000, { states: ['faulty', 'silent'], group: 'route' });
  assert.deepEqual([...new Set(fleet.rows.map(({ state }) => state))], ['faulty', 'silent']);
  assert.equal(fleet.nowMs, sampleNowMs);
  assert.deepEqual([groupings.length, sortings.length, partNames.length], [4, 5, 3]);
});
