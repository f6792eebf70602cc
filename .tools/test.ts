/**
 * Runs every test. Where all branches must be covered, the tests run with coverage and fail
 * below 100 %; the others run without, which is faster. What fails beside other tests is run
 * once more by itself, so that a busy machine is told from a fault.
 */

import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Sources of which every branch is covered, and the tests that cover them. */
const covered = {
  sources: ['src/agent-output/**', 'src/faults/errors.ts', 'src/cli/options.ts'],
  tests: [
    'test/agent-output/**/*.test.ts',
    'test/faults/errors.test.ts',
    'test/cli/options.test.ts',
  ],
};

const coveredTests = globSync(covered.tests).sort();
const otherTests = globSync('test/**/*.test.ts')
  .filter((path) => !coveredTests.includes(path))
  .sort();

/** A test that hangs is a failure, not a wait. */
const longestTestMs = 240_000;

/** So many failing files may be the fault of the machine's load; more are ours. */
const mostSecondRuns = 5;

const results = mkdtempSync(join(tmpdir(), 'courier-tests-'));

/** The files in which a test failed. */
function run(title: string, concurrency: number, args: readonly string[]): readonly string[] {
  process.stderr.write(`\ntest: ${title}\n`);
  const failures = join(results, title.replaceAll(' ', '-'));
  const { status } = spawnSync(
    process.execPath,
    [
      '--test',
      `--test-concurrency=${concurrency}`,
      `--test-timeout=${longestTestMs}`,
      // A handle that a failed test left open would keep its file from ending for ever.
      '--test-force-exit',
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      '--test-reporter=./.tools/failed-files.ts',
      `--test-reporter-destination=${failures}`,
      ...args,
    ],
    { stdio: 'inherit' },
  );
  const files = readFileSync(failures, 'utf8').split('\n').filter(Boolean);
  return status === 0 || files.length > 0 ? files : [title];
}

/** Files that passed alone but not beside others are named, since they want a better test. */
function runTheRest(): boolean {
  const failed = run('the rest', 2, otherTests);
  if (failed.length === 0 || failed.length > mostSecondRuns) return failed.length === 0;
  const failedAgain = run('what failed, by itself', 1, failed);
  for (const file of failed) {
    const outcome = failedAgain.includes(file) ? 'failed twice' : 'passed by itself only';
    process.stderr.write(`test: ${outcome}: ${file}\n`);
  }
  return failedAgain.length === 0;
}

try {
  const failed = run('with full branch coverage', 2, [
    '--experimental-test-coverage',
    '--test-coverage-branches=100',
    ...covered.sources.map((source) => `--test-coverage-include=${source}`),
    ...coveredTests,
  ]);
  process.exitCode = runTheRest() && failed.length === 0 ? 0 : 1;
} finally {
  rmSync(results, { recursive: true });
}
