import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CourierError } from '../../src/faults/errors.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { neverAborts } from '../../src/system/never-aborts.ts';
import { HandOver } from '../../src/transports/hand-over.ts';

test('what cannot be made of a thing that arrived is a fault of its host, and ends nothing', async () => {
  const heard: unknown[] = [];
  const subscriber = {
    wanted: new Map(),
    deliver: async (_: unknown, arrival: unknown) => void heard.push(arrival),
    tell: () => undefined,
  };
  const failures = [
    () => {
      throw new TypeError('at once');
    },
    () => Promise.reject(new TypeError('later')),
  ];
  for (const toArrival of failures) {
    const handOver = new HandOver({ subscriber, concurrency: 1, toArrival }, neverAborts);
    await handOver.offer({ host: parseHostName('web01'), address: undefined }, 'thing');
    await handOver.settled();
  }
  const said = heard.map((fault) => fault instanceof CourierError && fault.message);
  assert.deepEqual(said, [
    'what has arrived of web01: at once',
    'what has arrived of web01: later',
  ]);
});
