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
const awaited = ['KM-6'];

test('every promise of agent updates has a test, or says why not', () => {
  const requirements = readRequirements();
  assert.equal(requirements.length, 97);
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
