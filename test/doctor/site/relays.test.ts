/** Relays that the spool of a site remembers, as `doctor site` tells of them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeRelay } from '../../../src/relay/records.ts';
import { Installation } from './installations.ts';

test('a relay that is silent or refused is told, for a week', async (t) => {
  const installation = await Installation.make(t);
  const relays = async () => {
    const step = (await installation.look()).steps.find(({ id }) => id === 'relays');
    return `${step?.status}: ${step?.text}`;
  };
  assert.equal(await relays(), 'ok: none sends here');
  const spool = installation.directory('var/cmk-courier/spool').path('var/cmk-courier/spool');
  const nowMs = installation.clock.now();
  const far1 = {
    ...{ id: 'token-1', name: 'far1', address: '192.0.2.7', version: '1', startedAtMs: 1 },
    ...{ lastContactMs: nowMs - 5000, contactMs: 15_000, hosts: 3, waiting: 2, skewMs: 0 },
    isEnded: false,
  };
  await writeRelay(spool, far1);
  assert.equal(await relays(), 'ok: none is missed');
  await writeRelay(spool, { ...far1, lastContactMs: nowMs - 600_000 });
  assert.equal(await relays(), 'warning: 1 relay of 1: nothing new comes');
  const { output } = await installation.run();
  assert.match(output, / {4}said +relay far1 has been silent for 10m, 3 hosts, 2 waiting, /);
  await writeRelay(spool, { ...far1, lastContactMs: nowMs - 8 * 86_400_000 });
  assert.equal(await relays(), 'ok: none is missed');
});
