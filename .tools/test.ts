/**
 * Runs tests: all of them after check and build, or those that are named, or those that a change
 * can reach. `npm test -- --help` says how.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, globSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { findChangedFiles } from './changed-files.ts';
import { runTests } from './node-tests.ts';
import { projectEnvironment } from './project-environment.ts';
import { findReachedTests } from './reach.ts';
import { withTables } from './result-tables.ts';

const usage = `npm test                     check, build, and every test
npm test -- FILE…            these files or folders
npm test -- --watch FILE…    these, again whenever they or what they import change
npm run test:changed         what a change can reach by imports, the nearest first, below two minutes
npm run test:changed -- --since=COMMIT
npm run test:long            every test, with long matrices; FILE… as well
`;

/** Sources of which every branch is covered, and the tests that cover them. */
const covered = {
  sources: ['src/agent-output/**', 'src/faults/errors.ts', 'src/cli/options.ts'],
  tests: [
    'test/agent-output/**/*.test.ts',
    'test/faults/errors.test.ts',
    'test/cli/options.test.ts',
  ],
};

/** So many failing files may be the fault of the machine's load; more are ours. */
const mostSecondRuns = 5;

/** For all that a change reaches; the build before it has the rest of two minutes. */
const changedMs = 105_000;

/** Files named where many were not run. */
const mostShown = 10;

/**
 * Test files that run at a time. Half of their time is waiting (for deadlines, peers, real clocks):
 * with one file a core the processors stood idle for 45 %.
 */
const filesAtATime = availableParallelism() + 2;

/** Files started at a time where the time is short. */
const filesARound = 6;

function say(text: string): void {
  process.stderr.write(`test: ${text}\n`);
}

function runTool(...args: readonly string[]): boolean {
  const options = { stdio: 'inherit', env: projectEnvironment() } as const;
  return spawnSync(process.execPath, args, options).status === 0;
}

/** Tests of the program run what is in dist, which must not be older than its sources. */
function buildIfOld(): boolean {
  const isOld = (path: string) => statSync(path).mtimeMs > statSync('dist/cmk-courier').mtimeMs;
  const sources = globSync(['src/**/*.ts', '.tools/*.ts', '.tools/executable/*', 'package.json']);
  if (existsSync('dist/cmk-courier') && !sources.some(isOld)) return true;
  return runTool('.tools/build.ts');
}

/** Where all branches must be covered, tests run with coverage; the others without, which is faster. */
function runEverything(): boolean {
  if (!runTool('.tools/check.ts') || !runTool('.tools/build.ts')) return false;
  const coveredTests = globSync(covered.tests).sort();
  const { failed } = runTests({
    title: 'with full branch coverage',
    files: coveredTests,
    concurrency: 2,
    options: [
      '--experimental-test-coverage',
      '--test-coverage-branches=100',
      ...covered.sources.map((source) => `--test-coverage-include=${source}`),
    ],
  });
  const others = globSync('test/**/*.test.ts').filter((path) => !coveredTests.includes(path));
  return runTwice(others.sort()) && failed.length === 0;
}

/**
 * What fails beside other tests is run once more by itself, so that a busy machine is told from a
 * fault; files that passed alone only are named, since they want a better test.
 */
function runTwice(files: readonly string[]): boolean {
  const { failed } = runTests({ title: 'the rest', files, concurrency: filesAtATime });
  if (failed.length === 0 || failed.length > mostSecondRuns) return failed.length === 0;
  const suspects = failed.map((path) => relative('.', path));
  const again = runTests({ title: 'what failed, by itself', files: suspects, concurrency: 1 });
  const stillFailed = new Set(again.failed.map((path) => relative('.', path)));
  for (const file of suspects) {
    say(`${stillFailed.has(file) ? 'failed twice' : 'passed by itself only'}: ${file}`);
  }
  return again.failed.length === 0;
}

function runNamed(named: readonly string[], isWatching: boolean): boolean {
  const files = named.flatMap(toTestFiles);
  if (!buildIfOld()) return false;
  if (!isWatching) {
    return runTests({ title: files.join(' '), files, concurrency: 2 }).failed.length === 0;
  }
  return runTool('--test', '--watch', ...files);
}

/** A folder stands for all tests in it. */
function toTestFiles(named: string): readonly string[] {
  const isFolder = existsSync(named) && statSync(named).isDirectory();
  const files = globSync(isFolder ? `${named}/**/*.test.ts` : named).sort();
  if (files.length === 0) throw new Error(`no test in ${named}`);
  return files;
}

function runChanged(since: string | undefined): boolean {
  const changed = findChangedFiles(since);
  const reached = findReachedTests(changed).map(({ file }) => file);
  const files = [...new Set(['test/house-rules.test.ts', ...reached])];
  say(`${changed.length} files have changed, which ${reached.length} test files can reach`);
  if (!buildIfOld()) return false;
  const endMs = Date.now() + changedMs;
  const failed: string[] = [];
  while (files.length > 0 && Date.now() < endMs) {
    const round = files.splice(0, filesARound);
    const run = { title: round.join(' '), files: round, concurrency: 2 };
    const outcome = runTests({ ...run, timeoutMs: endMs - Date.now() });
    failed.push(...outcome.failed);
    if (outcome.isUnfinished) files.unshift(...round);
  }
  if (files.length > 0) {
    const more = files.length > mostShown ? ` and ${files.length - mostShown} more` : '';
    say(`no time was left for ${files.slice(0, mostShown).join(' ')}${more}; npm test runs them`);
  }
  for (const file of failed) say(`failed: ${file}`);
  return failed.length === 0;
}

function run(): boolean {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      changed: { type: 'boolean' },
      since: { type: 'string' },
      watch: { type: 'boolean', default: false },
      long: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.long) process.env['COURIER_TEST_LONG'] = '1';
  if (values.help || (values.watch && positionals.length === 0)) {
    process.stdout.write(usage);
    return values.help === true;
  }
  if (values.changed) return runChanged(values.since);
  return positionals.length > 0 ? runNamed(positionals, values.watch) : runEverything();
}

try {
  process.exitCode = withTables(run) ? 0 : 1;
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
