import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findWrongImports } from '../../.tools/layers.ts';
import { findReachedTests } from '../../.tools/reach.ts';

const nearest = (...changed: readonly string[]) =>
  findReachedTests(changed)
    .slice(0, 2)
    .map(({ file }) => file);

test('a change of a source reaches its own tests first', () => {
  assert.equal(nearest('src/clock.ts')[0], 'test/clock.test.ts');
  assert.equal(nearest('src/routes/sample.ts').length, 2);
  const reached = findReachedTests(['src/commands/check.ts']).map(({ file }) => file);
  assert.ok(reached.includes('test/commands/check.test.ts'));
});

test('a test that is changed comes before all others, and a script reaches the tests that name it', () => {
  assert.equal(nearest('src/clock.ts', 'test/main.test.ts')[0], 'test/main.test.ts');
  const reached = findReachedTests(['agents/site/cmk-courier-ready']).map(({ file }) => file);
  assert.ok(reached.includes('test/agents/site/cmk-courier-ready.test.ts'));
});

test('what the built program is made of reaches the tests that run it', () => {
  const reached = findReachedTests(['src/cli/terminal.ts']).map(({ file }) => file);
  assert.ok(reached.includes('test/program/executable.test.ts'));
});

test('a change that no code knows reaches nothing', () => {
  assert.deepEqual(findReachedTests([`docs/${['un', 'heard'].join('')}.md`]), []);
});

test('the layers hold every file of src', () => {
  assert.deepEqual(findWrongImports(), []);
});
