/**
 * Runs every test. Where all branches must be covered, the tests run with coverage and fail
 * below 100 %; the others run without, which is faster.
 */

import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';

/** Sources of which every branch is covered, and the tests that cover them. */
const covered = {
  sources: ['src/agent-output/**', 'src/errors.ts', 'src/options.ts'],
  tests: ['test/agent-output/**/*.test.ts', 'test/errors.test.ts', 'test/options.test.ts'],
};

const coveredTests = globSync(covered.tests).sort();
const otherTests = globSync('test/**/*.test.ts')
  .filter((path) => !coveredTests.includes(path))
  .sort();

/** A test that hangs is a failure, not a wait. */
const longestTestMs = 240_000;

function run(title: string, args: readonly string[]): boolean {
  process.stderr.write(`\ntest: ${title}\n`);
  const { status } = spawnSync(
    process.execPath,
    ['--test', '--test-concurrency=2', `--test-timeout=${longestTestMs}`, ...args],
    {
      stdio: 'inherit',
    },
  );
  return status === 0;
}

const results = [
  run('with full branch coverage', [
    '--experimental-test-coverage',
    '--test-coverage-branches=100',
    ...covered.sources.map((source) => `--test-coverage-include=${source}`),
    ...coveredTests,
  ]),
  run('the rest', otherTests),
];
process.exit(results.every(Boolean) ? 0 : 1);
