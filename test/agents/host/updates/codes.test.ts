/** The codes of the updater, held against the page that explains them. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { updaterFile } from './packages.ts';

const script = readFileSync(updaterFile, 'utf8');
const page = readFileSync('docs/updates-troubleshooting.md', 'utf8');
const part = page.slice(page.indexOf('## Codes of the host'), page.indexOf('## Codes of the site'));
const rows = [...part.matchAll(/^\| `(E-[A-Z-]+)` \| (\d+) \| ([^|]{10,}) \| ([^|]{5,}) \|$/gm)];

test('CL-11: every code of the updater is on the page with cause and remedy, and none other', () => {
  const used = new Set([...script.matchAll(/\bE-[A-Z]+\b/g)].map(([code]) => code));
  assert.deepEqual(
    rows.map(([, code]) => code),
    [...used].toSorted(),
  );
});

test('CL-11: every code ends with the exit code of the page', () => {
  const lines = rows
    .filter(([, , exit]) => exit !== '0')
    .map(([, code, exit]) => `${code} ${exit}`);
  const codes = lines.map((line) => line.split(' ')[0]).join(' ');
  const loop = `for code in ${codes}; do to_exit $code; echo "$code $status"; done`;
  const printed = execFileSync('sh', [
    '-c',
    `COURIER_UPDATE_LIBRARY=1; . "$0"; ${loop}`,
    updaterFile,
  ]);
  assert.deepEqual(printed.toString().trimEnd().split('\n'), lines);
});
