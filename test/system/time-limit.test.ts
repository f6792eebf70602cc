import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../../src/clock.ts';
import { CourierError } from '../../src/faults/errors.ts';
import { main } from '../../src/main.ts';
import { withTimeLimit } from '../../src/system/time-limit.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { goodOutput } from '../helpers/scripted-transport.ts';

const monthMs = 31 * 86_400_000;

test('a limit of a month does not end at once', async () => {
  const limit = { timeoutMs: monthMs, tooSlow: () => new CourierError('TIMEOUT', 'too slow') };
  const { signal } = new AbortController();
  assert.equal(await withTimeLimit(limit, signal, () => wait(20, 'done')), 'done');
});

test('a web server has as long as a timeout of a month says', { timeout: 60_000 }, async (t) => {
  const server = createServer((_, response) => setTimeout(() => response.end(goodOutput), 100));
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const timeouts = ['--header-timeout=31d', '--idle-timeout=31d', '--connect-timeout=31d'];
  const source = `http://127.0.0.1:${address.port}/`;
  const context = { ...makeCommandContext(), clock: systemClock };
  assert.equal(await main(['fetch', '--host=web01', ...timeouts, source], context), 0);
  assert.equal(context.said.output, goodOutput);
});
