import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addMonths, toTime } from '../../src/certs/dates.ts';

const cases: readonly (readonly [string, number, string])[] = [
  ['2026-01-15T10:20:30.999Z', 1, '2026-02-15T10:20:30Z'],
  ['2026-01-31T00:00:00Z', 1, '2026-02-28T00:00:00Z'],
  ['2028-01-31T00:00:00Z', 1, '2028-02-29T00:00:00Z'],
  ['2028-02-29T00:00:00Z', 12, '2029-02-28T00:00:00Z'],
  ['2028-02-29T00:00:00Z', 48, '2032-02-29T00:00:00Z'],
  ['2096-02-29T00:00:00Z', 48, '2100-02-28T00:00:00Z'],
  ['2026-08-31T23:59:59Z', 1, '2026-09-30T23:59:59Z'],
  ['2026-11-30T00:00:00Z', 3, '2027-02-28T00:00:00Z'],
  ['2026-12-01T00:00:00Z', 60, '2031-12-01T00:00:00Z'],
  ['2026-03-29T01:30:00Z', 0, '2026-03-29T01:30:00Z'],
];

for (const [from, months, until] of cases) {
  test(`${from} and ${months} months are ${until}`, () => {
    assert.equal(toTime(addMonths(new Date(from), months)), until);
  });
}
