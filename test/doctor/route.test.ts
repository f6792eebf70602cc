/** The way to a host of both families: one of them is enough. */

import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { lookAtRoute } from '../../src/doctor/from-site/route.ts';
import { parseAgentPlace } from '../../src/transports/tcp/place.ts';

const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
const skip = all.some(({ address }) => address === '::1') ? false : 'this machine has no ::1';

/** Nobody may send to all without saying so: there is no way, on whatever machine. */
const nowhere = parseAgentPlace('255.255.255.255:6556');
const here = parseAgentPlace('[::1]:6556');

test('a family without a way is a warning where the other one has one', { skip }, async () => {
  const found = await lookAtRoute({ place: nowhere, otherPlace: here });
  assert.deepEqual(
    [found.status, found.code, found.text],
    ['warning', 'no-route', 'no source address for 255.255.255.255; from ::1 to ::1'],
  );
  const { status, text, facts } = await lookAtRoute({ place: here, otherPlace: nowhere });
  assert.deepEqual(
    [status, text, facts],
    ['ok', 'from ::1', { from: '::1', from_other: undefined }],
  );
  const { status: without } = await lookAtRoute({ place: nowhere, otherPlace: nowhere });
  assert.equal(without, 'fault');
});
