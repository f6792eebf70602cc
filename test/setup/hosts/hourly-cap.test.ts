import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { HourlyCap } from '../../../src/setup/hosts/hourly-cap.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

const hourMs = 3_600_000;

test('two that share a file share the hour', async (t) => {
  const path = join(await makeTempDir(t), 'adopted.json');
  const [one, other] = [new HourlyCap(path, 5), new HourlyCap(path, 5)];
  const taken = await Promise.all(
    [1, 2, 3, 4].flatMap(() => [one.take(hourMs), other.take(hourMs)]),
  );
  assert.equal(taken.filter((is) => is).length, 5);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('an hour later there is room again; a clock that is set back makes none', async (t) => {
  const path = join(await makeTempDir(t), 'adopted.json');
  const cap = new HourlyCap(path, 1);
  const nowMs = Date.UTC(2026, 0, 1);
  assert.equal(await cap.take(nowMs), true);
  assert.equal(await cap.take(nowMs + hourMs - 1), false);
  assert.equal(await cap.take(nowMs - 60_000), false);
  assert.equal(await cap.take(nowMs + hourMs), true);
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), { madeAtMs: [nowMs + hourMs] });
});

test('a damaged file is told, and lets nobody in', async (t) => {
  const path = join(await makeTempDir(t), 'adopted.json');
  for (const text of ['', '{}', '{"madeAtMs":["x"]}', '[]']) {
    writeFileSync(path, text);
    await expectFault(new HourlyCap(path, 9).take(0), 'CONFIG', /is damaged; remove it$/);
  }
});
