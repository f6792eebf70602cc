import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Troubles } from '../../src/collector/troubles.ts';
import { CourierError } from '../../src/faults/errors.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';

const full = new CourierError('LOCAL', 'the spool is full');

test('a trouble is said when it begins, and again when it comes back', () => {
  const log = makeCollectingLog();
  const troubles = new Troubles(log);
  for (let n = 0; n < 5; n += 1) troubles.note('keeping', full);
  troubles.note('keeping', undefined);
  troubles.note('keeping', full);
  const line = "warn output is not kept: the spool is full { code: 'LOCAL' }";
  assert.deepEqual(log.lines, [line, line]);
});

test('of several kinds the first that is wrong now is found', () => {
  const troubles = new Troubles(makeCollectingLog());
  assert.equal(troubles.find('routes', 'hosts'), undefined);
  troubles.note('hosts', full);
  assert.equal(troubles.find('routes', 'hosts'), 'the spool is full');
  troubles.note('routes', new CourierError('CONFIG', 'routes.yaml:3: wrong'));
  assert.equal(troubles.find('routes', 'hosts'), 'routes.yaml:3: wrong');
  troubles.note('routes', undefined);
  troubles.note('hosts', undefined);
  assert.equal(troubles.find('routes', 'hosts'), undefined);
});
