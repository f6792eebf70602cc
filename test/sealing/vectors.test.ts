import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { outcomeOf, readVector, vectors } from './vectors.ts';

const verdicts: Readonly<Record<string, string>> = JSON.parse(
  readVector('verdicts.json').toString(),
);

test('each drop of the vectors has its verdict', () => {
  const drops = globSync(`${vectors}/*.drop`).map((path) => basename(path));
  assert.deepEqual(drops.sort(), Object.keys(verdicts).sort());
});

for (const [name, verdict] of Object.entries(verdicts)) {
  test(`${name}: ${verdict.replace(/:.*/, '')}`, async () => {
    assert.equal(await outcomeOf(readVector(name)), verdict);
  });
}
