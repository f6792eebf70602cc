import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransportPool } from '../../src/collector/transport-pool.ts';
import { CourierError } from '../../src/faults/errors.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { parseSourceUri } from '../../src/transports/source.ts';
import { defineTransport, type Transport } from '../../src/transports/transport.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { catchFault } from '../helpers/expect-fault.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { makeOpenContext } from '../helpers/open-context.ts';
import { delivers, makeStep } from '../helpers/scripted-transport.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const target = { host: parseHostName('web01'), address: undefined };

/** A pool, a source that serves one fetch at a time, and all that is done with it. */
function makePool() {
  const calls: string[] = [];
  const clock = new FakeClock();
  const pool = new TransportPool(clock, makeCollectingLog());
  const { module, source } = makeStep('a', delivers(), calls);
  const fetch = (transport: Transport) => transport.fetch(target, new AbortController().signal);
  const lend = async (use: (transport: Transport) => Promise<unknown> = fetch, from = source) =>
    pool.lend(module, from, makeOpenContext(), use);
  return { calls, clock, pool, module, source, lend };
}

test('one after the other use the same open transport, which is closed with the pool', async () => {
  const { calls, pool, lend } = makePool();
  await lend();
  await lend();
  assert.deepEqual(calls, ['a open', 'a fetch web01', 'a fetch web01']);
  await pool.close();
  await pool.close();
  assert.equal(calls.at(-1), 'a close');
});

test('as many share one as it serves at a time, and others get their own', async () => {
  const { calls, pool, lend } = makePool();
  const first = Promise.withResolvers<void>();
  const held = lend(() => first.promise);
  await lend();
  first.resolve();
  await held;
  await lend();
  assert.equal(calls.filter((call) => call === 'a open').length, 2);
  await pool.close();
  assert.equal(calls.filter((call) => call === 'a close').length, 2);
});

test('a source with other options gets a transport of its own', async () => {
  const { calls, pool, lend } = makePool();
  await lend();
  await lend(async () => undefined, { uri: parseSourceUri('fake://other'), options: {} });
  assert.equal(calls.filter((call) => call === 'a open').length, 2);
  await pool.close();
});

test('what nobody used for ninety seconds is closed, and opened again when it is needed', async () => {
  const { calls, clock, pool, lend } = makePool();
  await lend();
  clock.advance(89_999);
  pool.tidy();
  assert.equal(calls.includes('a close'), false);
  clock.advance(1);
  pool.tidy();
  await waitUntil(() => calls.includes('a close'));
  await lend();
  assert.equal(calls.filter((call) => call === 'a open').length, 2);
  await pool.close();
});

test('after ten minutes it is opened anew, and the old one ends with its last user', async () => {
  const { calls, clock, pool, lend } = makePool();
  const first = Promise.withResolvers<void>();
  const held = lend(() => first.promise);
  await waitUntil(() => calls.includes('a open'));
  clock.advance(600_000);
  await lend();
  assert.deepEqual(calls, ['a open', 'a open', 'a fetch web01']);
  first.resolve();
  await held;
  await waitUntil(() => calls.includes('a close'));
  await pool.close();
});

test('after a refusal it is opened anew: another secret may lie in its file', async () => {
  const { calls, clock, pool, lend } = makePool();
  const refusal = new CourierError('REFUSED', 'wrong password');
  await lend();
  clock.advance(60_000);
  assert.equal(await catchFault(lend(() => Promise.reject(refusal))), refusal);
  await lend();
  assert.deepEqual(calls.slice(2, 4).sort(), ['a close', 'a open']);
  await pool.close();
});

test('a host that is refused each time takes the connections from nobody', async () => {
  const { calls, clock, pool, lend } = makePool();
  const refused = () => Promise.reject(new CourierError('REFUSED', '403 Forbidden'));
  for (let n = 0; n < 2000; n += 1) {
    clock.advance(30);
    if (n % 100 === 0) await catchFault(lend(refused));
    else await lend();
  }
  assert.equal(calls.filter((call) => call === 'a open').length, 1);
  await pool.close();
});

test('another fault leaves it open', async () => {
  const { calls, pool, lend } = makePool();
  await catchFault(lend(() => Promise.reject(new CourierError('NO_OUTPUT', 'nothing there'))));
  await lend();
  assert.deepEqual(calls, ['a open', 'a fetch web01']);
  await pool.close();
});

test('one that cannot be opened is told to its user and tried again by the next', async () => {
  const { pool } = makePool();
  let opened = 0;
  const module = defineTransport({
    options: {},
    traits: { concurrency: 8, consumes: false },
    open: async () => {
      opened += 1;
      throw new CourierError('LOCAL', `no file ${opened}`);
    },
  });
  const source = { uri: parseSourceUri('fake://x'), options: {} };
  const ask = () => pool.lend(module, source, makeOpenContext(), async () => undefined);
  assert.equal((await catchFault(ask())).message, 'no file 1');
  assert.equal((await catchFault(ask())).message, 'no file 2');
  await pool.close();
});

test('one that hangs while it is opened holds nobody longer than its own time', async () => {
  const { pool } = makePool();
  const closed: string[] = [];
  const opening = Promise.withResolvers<Transport>();
  const module = defineTransport({
    options: {},
    traits: { concurrency: 8, consumes: false },
    open: () => opening.promise,
  });
  const source = { uri: parseSourceUri('fake://x'), options: {} };
  const timeout = new AbortController();
  const context = makeOpenContext({ signal: timeout.signal });
  const asked = pool.lend(module, source, context, async () => undefined);
  timeout.abort(new CourierError('TIMEOUT', 'no agent output within 1s'));
  assert.equal((await catchFault(asked)).code, 'TIMEOUT');
  opening.resolve({
    fetch: () => Promise.reject(new CourierError('INTERNAL', 'not to be asked')),
    close: async () => void closed.push('closed'),
  });
  await waitUntil(() => closed.length === 1);
  await pool.close();
});

test('what a transport says does not carry the name of the host it was opened for', async () => {
  const log = makeCollectingLog();
  const pool = new TransportPool(new FakeClock(), log);
  const module = defineTransport({
    options: {},
    traits: { concurrency: 1, consumes: false },
    open: async (_uri, _options, context) => {
      context.log.warn({}, 'careful');
      return { fetch: () => Promise.reject(new Error('unused')), close: async () => undefined };
    },
  });
  const source = { uri: parseSourceUri('fake://depot/{host}?token=x'), options: {} };
  await pool.lend(module, source, makeOpenContext(), async () => undefined);
  assert.deepEqual(log.lines, ["warn careful { source: 'fake://depot/{host}?…' }"]);
  await pool.close();
});
