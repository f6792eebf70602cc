/** Lint, types, dead code, shell scripts, generated documentation: `npm run check`. */

import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, statSync } from 'node:fs';

/** Shell scripts have no suffix; their first line tells. */
function isShellScript(path: string): boolean {
  if (!statSync(path).isFile()) return false;
  return readFileSync(path, 'latin1').startsWith('#!/bin/sh');
}

const shellScripts = globSync(['agents/**', '.tools/**', '.ci/*', 'test/fixtures/programs/*'])
  .filter(isShellScript)
  .sort();

const checks: readonly (readonly [command: string, ...args: string[]])[] = [
  ['biome', 'check', '--error-on-warnings', '.'],
  ['tsc'],
  ['knip'],
  ['shellcheck', '--shell=sh', ...shellScripts],
  ['node', '.tools/generate-docs.ts', '--check'],
];

/** A machine without shellcheck may still test; CI may not. */
function mayBeMissing(command: string): boolean {
  return command === 'shellcheck' && !process.env['CI'];
}

let failed = 0;
for (const [command, ...args] of checks) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (error && mayBeMissing(command)) {
    process.stderr.write(`check: ${command} skipped: not installed\n`);
  } else if (status === 0) {
    process.stderr.write(`check: ${command} ok\n`);
  } else {
    failed += 1;
    process.stderr.write(`${error?.message ?? `${stdout}${stderr}`}\ncheck: ${command} failed\n`);
  }
}
process.exit(failed === 0 ? 0 : 1);
