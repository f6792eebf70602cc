/** Runs test files through node:test, and says in which a test failed. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectEnvironment } from './project-environment.ts';

/** A test that hangs is a failure, not a wait. */
const longestTestMs = 240_000;

export interface TestRun {
  /** For people. */
  readonly title: string;
  readonly files: readonly string[];
  readonly concurrency: number;
  /** Further options of node. */
  readonly options?: readonly string[];
  /** Ends it, finished or not. */
  readonly timeoutMs?: number;
}

export interface TestOutcome {
  /** Files in which a test failed; the title when it failed before any could. */
  readonly failed: readonly string[];
  /** Whether its time was over before its end. */
  readonly isUnfinished: boolean;
}

/** Shows what node:test says, and waits for its end. */
export function runTests({ title, files, concurrency, options = [], timeoutMs }: TestRun) {
  process.stderr.write(`\ntest: ${title}\n`);
  const results = mkdtempSync(join(tmpdir(), 'courier-tests-'));
  const [failures, slow] = [join(results, 'failures'), join(results, 'slow')];
  const args = [
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${longestTestMs}`,
    // A handle that a failed test left open would keep its file from ending for ever.
    '--test-force-exit',
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=./.tools/slow-files.ts',
    `--test-reporter-destination=${slow}`,
    '--test-reporter=./.tools/failed-files.ts',
    `--test-reporter-destination=${failures}`,
    '--test-reporter=./.tools/requirement-results.ts',
    `--test-reporter-destination=${join(results, 'requirements')}`,
    ...options,
    ...files,
  ];
  try {
    const { status, error } = spawnSync(process.execPath, args, {
      stdio: 'inherit',
      env: projectEnvironment(),
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    });
    process.stdout.write(readFileSync(slow, { encoding: 'utf8', flag: 'a+' }));
    const isUnfinished = error !== undefined && 'code' in error && error.code === 'ETIMEDOUT';
    const failed = readFileSync(failures, { encoding: 'utf8', flag: 'a+' })
      .split('\n')
      .filter(Boolean);
    const isLost = status !== 0 && !isUnfinished && failed.length === 0;
    return { failed: isLost ? [title] : failed, isUnfinished } satisfies TestOutcome;
  } finally {
    rmSync(results, { recursive: true });
  }
}
