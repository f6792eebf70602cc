/** What is tested with Debian's nats-server holds with the newest one, where Go can build that. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { buildNewestNats } from '../peers/nats-program.ts';
import { startNatsServers } from '../peers/nats-server.ts';
import { connectPlainly, makeStream, openValues, toMessage } from './plain-connection.ts';

const newest = buildNewestNats();
const program = 'path' in newest ? newest.path : '';
const skip =
  ('missing' in newest && newest.missing) ||
  (process.env['COURIER_TEST_LONG'] === undefined && 'in the long form only');

test('in a cluster of newest servers each conflict is one, whatever they call it', {
  skip,
}, async (t) => {
  const peer = await startNatsServers({ servers: 3, program });
  t.after(() => peer.close());
  const connection = await connectPlainly(peer.urls);
  t.after(() => connection.close());
  await makeStream(connection, 3);
  const values = openValues(connection);
  for (let subject = 0; subject < 30; subject += 1) {
    const messages = Array.from({ length: 8 }, (_, index) =>
      toMessage(`host${subject}`, new Date(), `${index}`),
    );
    const published = await Promise.all(messages.map((one) => values.publish(one, 0, 0)));
    const kinds = published.map(({ kind }) => kind).sort();
    assert.deepEqual(kinds, [...Array.from({ length: 7 }, () => 'conflict'), 'stored']);
  }
});

const files = [
  'test/nats/hidden-messages.test.ts',
  'test/nats/last-values.test.ts',
  'test/nats/session.test.ts',
  'test/nats/stream.test.ts',
  'test/transports/nats.test.ts',
  'test/transports/nats-following.test.ts',
  'test/commands/broker.test.ts',
  'test/broker/rights.test.ts',
  'test/collector/sealed-broker.test.ts',
];

for (const file of files) {
  test(`with the newest server: ${file}`, {
    skip,
  }, () => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { status, stdout } = spawnSync(process.execPath, ['--test', '--test-force-exit', file], {
      env: { ...env, COURIER_NATS: program },
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout);
  });
}
