import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { describeShortage, findRoom } from '../../src/system/open-files.ts';
import { scriptArguments, sourceUrl } from '../helpers/run-script.ts';

/** What lines say in a process that may open so many files. */
function runWithLimit(limit: number, lines: string): string {
  const script = `
    const { areFilesScarce, describeShortage, findRoom } = await import(${sourceUrl('system/open-files.ts')});
    const { openSync, readdirSync } = await import('node:fs');
    const open = readdirSync('/proc/self/fd').length - 1;
    ${lines}`;
  const words = [process.execPath, ...scriptArguments(script)];
  const { stdout, stderr } = spawnSync('sh', [
    '-c',
    `ulimit -n ${limit}; exec "$@"`,
    'sh',
    ...words,
  ]);
  return `${stdout}${stderr}`;
}

test('there is room for as much as fits beside what is open and twelve more', () => {
  // What writes the answer opens a file itself, so the room is looked at first.
  const lines = `
    const { most } = findRoom(4);
    process.stdout.write(String(most === Math.floor((100 - open - 12) / 4)));`;
  assert.equal(runWithLimit(100, lines), 'true');
  assert.ok(findRoom(1).most >= 1);
});

test('no room for a single one is LOCAL, and the line says how many are needed', () => {
  const lines = `
    try { findRoom(50); } catch ({ code, message }) {
      process.stdout.write([code, message.replace(String(open + 62), 'N')].join(' '));
    }`;
  assert.equal(
    runWithLimit(60, lines),
    'LOCAL only 60 files may be open (ulimit -n), at least N are needed',
  );
});

test('what is wished for and not to be had is told', () => {
  assert.equal(
    describeShortage({ limit: 60, most: 5 }, 512, 'connections'),
    'only 60 files may be open (ulimit -n): 5 connections at once instead of 512',
  );
});

test('files are scarce when three quarters are open', () => {
  const lines = `
    const said = [areFilesScarce()];
    for (let count = 0; count < 60; count += 1) openSync('/dev/null');
    process.stdout.write(String([...said, areFilesScarce()]));`;
  assert.equal(runWithLimit(100, lines), 'false,true');
});
