import assert from 'node:assert/strict';
import { isIPv6 } from 'node:net';
import { test } from 'node:test';
import { Script } from 'node:vm';
import { prepareNameCheck } from '../../src/names/ip-address.ts';

test('what makes the first check of a name fast leaves addresses and code caches as they were', () => {
  const source = 'function twice(number) { return number * 2; } twice(21);';
  const cachedData = new Script(source).createCachedData();
  for (const host of ['192.0.2.1', 'depot.example.org', 'localhost', '2001:db8::1', '']) {
    prepareNameCheck(host);
    const again = new Script(source, { cachedData });
    assert.deepEqual([again.cachedDataRejected, again.runInThisContext()], [false, 42]);
    assert.equal(isIPv6(host), host.includes(':'));
  }
  for (const address of ['::', '::ffff:192.0.2.1', 'fe80::1%eth0']) assert.ok(isIPv6(address));
  for (const name of [':', '1::2::3', 'db8', '12345::']) assert.ok(!isIPv6(name));
});
