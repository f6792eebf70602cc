/** Every promise of docs/updates-requirements.md has a test whose name begins with its id. */

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { noteRow } from '../helpers/result-table.ts';

interface Requirement {
  readonly id: string;
  readonly promise: string;
  /** Why no test is needed; empty where one is. */
  readonly excuse: string;
}

function readRequirements(): readonly Requirement[] {
  const page = readFileSync('docs/updates-requirements.md', 'utf8');
  return [...page.matchAll(/^\| ([A-Z]{2}-\d+[a-z]?) \| (.+?) \| ?(.*?) ?\|$/gm)].map(
    ([, id = '', promise = '', excuse = '']) => ({ id, promise, excuse }),
  );
}

/** Ids at the beginning of texts in tests: `'AU-1: …'`, or several: `'IN-6, IN-8: …'`. */
function readTestedIds(): ReadonlySet<string> {
  const texts = globSync('test/**/*.test.ts').map((path) => readFileSync(path, 'utf8'));
  const beginning = /['"`]((?:[A-Z]{2}-\d+[a-z]?(?:, )?)+): /g;
  const names = texts.flatMap((text) => [...text.matchAll(beginning)]);
  return new Set(names.flatMap(([, ids = '']) => ids.split(', ')));
}

/** Promises whose tests are being written: an id leaves the list with its first test. */
const awaited = (
  'CR-4 CR-5 CL-1 CL-2 CL-3 CL-4 CL-5 CL-6 CL-7 CL-8 CL-9 CL-10 CL-11 KM-6 KM-8 TR-1 TR-2 TR-3 TR-4 TR-5 ' +
  'TR-7 TR-8 TR-9 CF-1 CF-2 CF-3 CF-4 CF-6 IN-4 IN-5 IN-11 IN-13 ST-3 ST-4 ST-7 ST-8 TE-2 TE-3 TE-4 ' +
  'TE-5 TE-6 TE-7 TE-8'
).split(' ');

test('every promise of agent updates has a test, or says why not', () => {
  const requirements = readRequirements();
  assert.equal(requirements.length, 79);
  const tested = readTestedIds();
  const untested = requirements.filter(({ id }) => !tested.has(id));
  for (const { id, promise, excuse } of untested) {
    const why = excuse || 'there is no test yet';
    noteRow('updates', { test: `${id}: ${promise.slice(0, 90)}`, result: 'not tested', why });
  }
  const missing = untested.filter(({ id, excuse }) => excuse === '' && !awaited.includes(id));
  assert.deepEqual(idsOf(missing), []);
  const excused = requirements.filter(({ id, excuse }) => tested.has(id) && excuse !== '');
  assert.deepEqual(idsOf(excused), []);
});

test('no test names a promise that is not there', () => {
  const known = new Set(readRequirements().map(({ id }) => id));
  const families = new Set([...known].map((id) => id.slice(0, 2)));
  const stray = [...readTestedIds()].filter((id) => families.has(id.slice(0, 2)) && !known.has(id));
  assert.deepEqual(stray, []);
});

function idsOf(requirements: readonly Requirement[]): readonly string[] {
  return requirements.map(({ id }) => id);
}
