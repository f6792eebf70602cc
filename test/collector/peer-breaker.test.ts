import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PeerBreakers } from '../../src/collector/peer-breaker.ts';
import { CourierError, type FaultCode } from '../../src/faults/errors.ts';
import { parseSourceUri } from '../../src/transports/source.ts';
import { type LendTransport, withTransport } from '../../src/transports/transport.ts';
import { catchFault } from '../helpers/expect-fault.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { makeOpenContext } from '../helpers/open-context.ts';
import { delivers, makeStep } from '../helpers/scripted-transport.ts';

const { module } = makeStep('a', delivers(), []);
const depot = 'https://depot/{host}';

/** A way to peers that fails as long as `fault` is set, behind a breaker. */
function makeWatched() {
  const clock = new FakeClock();
  const state: { fault: FaultCode | undefined; asked: number } = { fault: undefined, asked: 0 };
  const lend: LendTransport = (...given) => {
    state.asked += 1;
    if (state.fault === undefined) return withTransport(...given);
    return Promise.reject(new CourierError(state.fault, 'connecting to depot: no answer'));
  };
  const guarded = new PeerBreakers(lend, clock).lend;
  const ask = (uri = depot) =>
    guarded(module, { uri: parseSourceUri(uri), options: {} }, makeOpenContext(), async () => 'ok');
  return { state, clock, ask };
}

async function failTimes(times: number, ask: () => Promise<unknown>): Promise<void> {
  for (let n = 0; n < times; n += 1) await catchFault(ask());
}

test('a shared peer that was silent five times is not asked for ten seconds', async () => {
  const { state, clock, ask } = makeWatched();
  state.fault = 'TIMEOUT';
  await failTimes(5, ask);
  assert.equal(state.asked, 5);
  const fault = await catchFault(ask());
  assert.equal(fault.message, 'connecting to depot: no answer; not asked again so soon');
  assert.equal(fault.code, 'TIMEOUT');
  clock.advance(9999);
  await failTimes(3, ask);
  assert.equal(state.asked, 5);
});

test('then one asks while the others go on waiting, and a good answer lets all in again', async () => {
  const { state, clock, ask } = makeWatched();
  state.fault = 'UNREACHABLE';
  await failTimes(6, ask);
  clock.advance(10_000);
  state.fault = undefined;
  const probe = ask();
  await failTimes(2, ask);
  assert.equal(await probe, 'ok');
  assert.equal(await ask(), 'ok');
  assert.equal(state.asked, 7);
});

test('a probe that fails opens it for as long again', async () => {
  const { state, clock, ask } = makeWatched();
  state.fault = 'UNREACHABLE';
  await failTimes(5, ask);
  clock.advance(10_000);
  await failTimes(3, ask);
  assert.equal(state.asked, 6);
});

test('answers that are faults open nothing', async () => {
  const { state, ask } = makeWatched();
  for (const fault of ['NO_OUTPUT', 'PEER', 'REFUSED', 'STALE'] as const) {
    state.fault = fault;
    await failTimes(5, ask);
  }
  assert.equal(state.asked, 20);
});

test('an answer between silences begins the count anew', async () => {
  const { state, ask } = makeWatched();
  for (let turn = 0; turn < 3; turn += 1) {
    state.fault = 'TIMEOUT';
    await failTimes(4, ask);
    state.fault = turn === 1 ? 'NO_OUTPUT' : undefined;
    await ask().catch(() => undefined);
  }
  assert.equal(state.asked, 15);
});

test('hosts that are peers of their own are asked however silent others were', async () => {
  const { state, ask } = makeWatched();
  state.fault = 'TIMEOUT';
  await failTimes(20, () => ask('tcp://{address}'));
  await failTimes(20, () => ask('exec:///usr/bin/agent'));
  assert.equal(state.asked, 40);
});

test('one silent peer does not keep from another', async () => {
  const { state, ask } = makeWatched();
  state.fault = 'TIMEOUT';
  await failTimes(8, ask);
  state.fault = undefined;
  assert.equal(await ask('https://depot:8443/{host}'), 'ok');
});
