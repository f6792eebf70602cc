import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitingBeside } from '../../src/spool/directories.ts';

test('what waits lies beside its spool, however the path of that is written', () => {
  for (const spool of ['/var/site/spool', '/var/site/spool/', '/var/site/./spool//']) {
    assert.equal(waitingBeside(spool, 'broker'), '/var/site/spool-to-broker');
  }
  const [one, other] = ['/var/site/one', '/var/site/other'].map((spool) =>
    waitingBeside(spool, 'receiver'),
  );
  assert.notEqual(one, other);
});
