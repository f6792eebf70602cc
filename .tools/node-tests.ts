/** Runs test files through node:test, and says in which a test failed. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { projectEnvironment } from './project-environment.ts';

/** A test that hangs is a failure, not a wait. */
const longestTestMs = 240_000;

/** Of the files that took longest so many are told, and none that took no longer than that. */
const mostSlow = 12;
const shortMs = 3000;

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
  const fileResults = join(results, 'files');
  const args = [
    // A file that ends while V8 compiles on another thread may hang (nodejs/node issue 54918).
    '--no-concurrent-sparkplug',
    '--no-concurrent-recompilation',
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${longestTestMs}`,
    // A handle that a failed test left open would keep its file from ending for ever.
    '--test-force-exit',
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=./.tools/file-results.ts',
    `--test-reporter-destination=${fileResults}`,
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
    const told = readFileSync(fileResults, { encoding: 'utf8', flag: 'a+' });
    process.stdout.write(describeSlow(told));
    const isUnfinished = error !== undefined && 'code' in error && error.code === 'ETIMEDOUT';
    const failed = [...told.matchAll(/^failed (.+)$/gm)].map(([, file = '']) => file);
    const isLost = status !== 0 && !isUnfinished && failed.length === 0;
    return { failed: isLost ? [title] : failed, isUnfinished } satisfies TestOutcome;
  } finally {
    rmSync(results, { recursive: true });
  }
}

/** The files that took longest, a line each. */
function describeSlow(told: string): string {
  return [...told.matchAll(/^took (\d+) (.+)$/gm)]
    .map(([, ms, file = '']) => ({ ms: Number(ms), file: relative('.', file) }))
    .filter(({ ms }) => ms > shortMs)
    .sort((one, other) => other.ms - one.ms)
    .slice(0, mostSlow)
    .map(({ ms, file }) => `slow: ${(ms / 1000).toFixed(1).padStart(6)} s ${file}\n`)
    .join('');
}
