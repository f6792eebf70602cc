/**
 * What `npm run check` looks at: lint, types, layers, unused code, shell scripts, generated pages.
 * With names behind it only those: `npm run check -- types layers`.
 */

import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, statSync } from 'node:fs';
import { findWrongImports } from './layers.ts';
import { projectEnvironment } from './project-environment.ts';

/** What came of a check: what it complains about, none when it passed. */
interface Outcome {
  readonly complaint: string | undefined;
  /** Why it was not done. */
  readonly skipped?: string;
}

interface Check {
  /** For people. */
  readonly name: string;
  /** What mends most of what it finds. */
  readonly mend?: string;
  run(): Outcome;
}

/** It knows the DOM, and nothing of Node. */
const pageClient = 'src/status-page/page/client';

const checks: readonly Check[] = [
  {
    name: 'lint and format',
    mend: 'npm run fix',
    run: () => runProgram('biome', 'check', '--error-on-warnings', '.'),
  },
  { name: 'types', run: () => runProgram('tsc') },
  { name: 'types in the browser', run: () => runProgram('tsc', '-p', pageClient) },
  { name: 'layers', mend: 'docs/architecture.md has the order', run: checkLayers },
  { name: 'unused code', run: () => runProgram('knip') },
  {
    name: 'shell scripts',
    run: () => runProgram('shellcheck', '--shell=sh', ...findShellScripts()),
  },
  {
    name: 'generated docs',
    mend: 'npm run docs',
    run: () => runProgram(process.execPath, '.tools/generate-docs.ts', '--check'),
  },
];

function runProgram(program: string, ...args: readonly string[]): Outcome {
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    env: projectEnvironment(),
  });
  if (error !== undefined && mayBeMissing(program)) {
    return { complaint: undefined, skipped: `${program} is not installed` };
  }
  return { complaint: status === 0 ? undefined : (error?.message ?? `${stdout}${stderr}`) };
}

/** A machine without shellcheck may still test; CI may not. */
function mayBeMissing(program: string): boolean {
  return program === 'shellcheck' && !process.env['CI'];
}

function checkLayers(): Outcome {
  const wrong = findWrongImports();
  return { complaint: wrong.length === 0 ? undefined : wrong.join('\n') };
}

/** Shell scripts have no suffix; their first line tells. */
function findShellScripts(): readonly string[] {
  return globSync(['agents/**', '.tools/**', '.ci/*', 'test/fixtures/programs/*'])
    .filter((path) => statSync(path).isFile())
    .filter((path) => readFileSync(path, 'latin1').startsWith('#!/bin/sh'))
    .sort();
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

const wanted = process.argv.slice(2);
const names = checks.map(({ name }) => name);
const isWanted = (name: string) =>
  wanted.length === 0 || wanted.some((word) => name.split(' ').includes(word) || name === word);
const chosen = checks.filter(({ name }) => isWanted(name));
if (chosen.length === 0) {
  say(`check: there is none of that name, but: ${names.join(', ')}`);
  process.exitCode = 1;
}
const failed: string[] = [];
for (const { name, mend, run } of chosen) {
  const { complaint, skipped } = run();
  if (complaint === undefined) {
    say(`check: ${name}: ${skipped === undefined ? 'ok' : `skipped: ${skipped}`}`);
    continue;
  }
  const hint = mend === undefined ? '' : ` (${mend})`;
  say(`${complaint.trimEnd()}\ncheck: ${name}: failed${hint}`);
  failed.push(`${name}${hint}`);
}
if (failed.length > 0) {
  say(`check: failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
