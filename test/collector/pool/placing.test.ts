import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulatePlacing } from '../../bench/simulate-pool.ts';

test('hosts are spread evenly, and a member that is lost gives away its own alone, to all alike', () => {
  const found = simulatePlacing(60_000, 6);
  assert.ok(found.fewest > 9500 && found.most < 10_500, `${found.fewest} to ${found.most}`);
  assert.equal(found.movedBeside, 0);
  assert.ok(found.fewestTaken > 1700 && found.mostTaken < 2300, `${found.fewestTaken}`);
  assert.equal(found.sameKey, 0);
});
