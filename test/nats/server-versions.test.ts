import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remarkVersion } from '../../src/nats/server-versions.ts';

test('servers that lose what they acknowledged are named, and no others', () => {
  const named = ['2.9.0', '2.9.25', '2.12.7', '2.12.9', '2.12.9-RC.1'];
  const others = ['2.10.0', '2.10', '2.12.6', '2.12.10', '2.15.3', '2.90.1', '3.0.0-beta', 'x', ''];
  for (const version of named) assert.equal(remarkVersion(version).length, 1, version);
  for (const version of others) assert.deepEqual(remarkVersion(version), [], version);
  assert.deepEqual(remarkVersion('2.12.8'), [
    'nats-server 2.12.8 has faults: once it was stopped and started it has no output of any host before the next one comes, 2.12.10 is mended',
  ]);
});
