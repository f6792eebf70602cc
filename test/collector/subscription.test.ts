import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { Subscription } from '../../src/collector/subscription.ts';
import { CourierError } from '../../src/faults/errors.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const host = parseHostName('web01');
const target = { host, address: undefined };
const arrival = new CourierError('STALE', 'an hour old');

test('what is pushed for a host of another collector holds up nothing', async () => {
  let isOurs = false;
  const subscription = new Subscription(
    systemClock,
    () => isOurs,
    () => undefined,
  );
  await subscription.deliver(target, arrival);
  assert.equal(subscription.take(host), undefined);

  isOurs = true;
  const delivered = subscription.deliver(target, arrival);
  subscription.leaveToOthers(() => isOurs);
  assert.equal(subscription.take(host), arrival);
  await delivered;

  const left = subscription.deliver(target, arrival);
  isOurs = false;
  subscription.leaveToOthers(() => isOurs);
  await left;
  assert.equal(subscription.take(host), undefined);
});

test('it knows since when it follows, and since when it is away however often the reason changes', () => {
  const clock = new FakeClock();
  const subscription = new Subscription(
    clock,
    () => true,
    () => undefined,
  );
  const since = () => subscription.since.getTime() - startMs;
  const startMs = clock.now();
  clock.advance(1000);
  subscription.tell(new CourierError('UNREACHABLE', 'connection refused'));
  assert.equal(since(), 1000);
  clock.advance(1000);
  subscription.tell(new CourierError('TIMEOUT', 'no answer'));
  assert.equal(since(), 1000);
  subscription.tell('following');
  assert.equal(since(), 2000);
  clock.advance(1000);
  subscription.tell('following');
  assert.equal(since(), 2000);
  subscription.tell(new CourierError('UNREACHABLE', 'connection refused'));
  assert.equal(since(), 3000);
});
