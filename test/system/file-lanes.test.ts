import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { CourierError } from '../../src/faults/errors.ts';
import { inLanes, lookInto } from '../../src/system/file-lanes.ts';
import { expectFault } from '../helpers/expect-fault.ts';

const patient = new AbortController().signal;
const late = new CourierError('TIMEOUT', 'too late');

/** Looks into places that return when the test says so. */
function hangIn(place: string, count: number, signal: AbortSignal) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const looks = Array.from({ length: count }, () => lookInto(place, signal, () => promise));
  return { looks, letGo: resolve };
}

test('a look settles as its work does', async () => {
  assert.equal(await lookInto('/a', patient, async () => 7), 7);
  const fault = new CourierError('NO_OUTPUT', 'nothing');
  await assert.rejects(
    lookInto('/a', patient, async () => {
      throw fault;
    }),
    fault,
  );
  await assert.rejects(
    lookInto('/a', AbortSignal.abort(late), async () => 7),
    late,
  );
});

test('a place that hangs has eight looks, and whoever comes later is told at once', async () => {
  const over = new AbortController();
  const { looks, letGo } = hangIn('/dead', 8, over.signal);
  const ninth = lookInto('/dead', patient, async () => 9);
  assert.equal(await lookInto('/well', patient, async () => 1), 1);
  over.abort(late);
  for (const look of looks) await assert.rejects(look, late);
  const hangs = /^looking into \/dead: 8 looks into it hang, the first for \d+s$/;
  await expectFault(ninth, 'TIMEOUT', hangs);
  await expectFault(
    lookInto('/dead', patient, async () => 10),
    'TIMEOUT',
    hangs,
  );
  assert.equal(await lookInto('/well', patient, async () => 1), 1);
  letGo();
  await Promise.allSettled(looks);
  assert.equal(await lookInto('/dead', patient, async () => 11), 11);
});

test('places that are only slow keep who comes later waiting, in order', async () => {
  const { looks, letGo } = hangIn('/slow', 8, patient);
  const order: number[] = [];
  const later = [1, 2, 3].map((n) =>
    lookInto('/slow', patient, async () => {
      order.push(n);
    }),
  );
  const over = new AbortController();
  const given = lookInto('/slow', over.signal, async () => 4);
  over.abort(late);
  await assert.rejects(given, late);
  assert.deepEqual(order, []);
  letGo();
  await Promise.all([...looks, ...later]);
  assert.deepEqual(order, [1, 2, 3]);
});

test('when many places hang, some threads are left for all else', async () => {
  const over = new AbortController();
  const places = Array.from({ length: 32 }, (_, n) => join('/dead', `${n}`));
  const hanging = places.map((place) => hangIn(place, 1, over.signal));
  const another = lookInto('/dead/another', patient, async () => 1);
  over.abort(late);
  for (const { looks } of hanging) await assert.rejects(Promise.all(looks), late);
  await expectFault(
    another,
    'TIMEOUT',
    /^looking into \/dead\/another: 32 looks into \/dead\/0 and others hang, the first for \d+s$/,
  );
  for (const { letGo } of hanging) letGo();
});

test('four calls at a time keep their order', async () => {
  let [now, most] = [0, 0];
  const look = async (n: number) => {
    now += 1;
    most = Math.max(most, now);
    await new Promise(setImmediate);
    now -= 1;
    return n * n;
  };
  const numbers = Array.from({ length: 50 }, (_, n) => n);
  assert.deepEqual(
    await inLanes(numbers, look),
    numbers.map((n) => n * n),
  );
  assert.equal(most, 4);
  assert.deepEqual(await inLanes([], look), []);
});
