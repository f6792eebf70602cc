import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Directories,
  runAgent,
  runInLibrary,
  type Shell,
  testInShells,
  toLines,
} from './courier-agent-shells.ts';

const packageFile = new URL('../../../package.json', import.meta.url);
const version: string = JSON.parse(readFileSync(packageFile, 'utf8')).version;

/** A moment the agent takes for now, so ages can be exact to the second. */
const now = 1_700_000_000;

/** Writes a spool file that prints its own name, last changed so many seconds ago. */
function writeAged({ spool }: Directories, name: string, ageSeconds: number): void {
  writeFileSync(join(spool, name), `<<<${name}>>>\n`);
  utimesSync(join(spool, name), now - ageSeconds, now - ageSeconds);
}

function printSpool(shell: Shell, directories: Directories, script = ''): string {
  const replaced = `date() { if [ "$1" = +%s ]; then echo ${now}; else command date "$@"; fi; }`;
  const setUp = `${script}\n${replaced}\nset_up_environment\nprint_spool`;
  const { stdout, stderr } = runInLibrary(shell, directories, setUp);
  assert.equal(stderr, '');
  return stdout;
}

const ages: readonly (readonly [name: string, ageSeconds: number, fresh: boolean])[] = [
  ['0_x', 0, true],
  ['0_y', 1, false],
  ['010_octal', 10, true],
  ['0100_octal', 101, false],
  ['09_eight', 9, true],
  ['120', 120, true],
  ['121', 122, false],
  ['123456789012345678901_x', 5, false],
  ['2024-report', 2024, true],
  ['2025-report', 2026, false],
  ['60_future', -3600, true],
  ['600_x', 600, true],
  ['601_x', 602, false],
  ['x600', 1_000_000, true],
];

const freshHeaders = ages
  .filter(([, , fresh]) => fresh)
  .map(([name]) => `<<<${name}>>>`)
  .sort();

testInShells('leading digits are the max age in seconds', (shell, directories) => {
  for (const [name, ageSeconds] of ages) writeAged(directories, name, ageSeconds);
  assert.deepEqual(toLines(printSpool(shell, directories)), freshHeaders);
});

testInShells('without stat, date tells the same ages', (shell, directories) => {
  for (const [name, ageSeconds] of ages) writeAged(directories, name, ageSeconds);
  const script = 'stat() { return 127; }';
  assert.deepEqual(toLines(printSpool(shell, directories, script)), freshHeaders);
});

testInShells('a file whose age cannot be told counts as stale', (shell, directories) => {
  writeAged(directories, '600_x', 0);
  writeAged(directories, 'ageless', 0);
  const script = 'stat() { echo unknown; }';
  assert.equal(printSpool(shell, directories, script), '<<<ageless>>>\n');
});

testInShells('any name is a file, except dot files and what is no file', (shell, directories) => {
  const { spool } = directories;
  for (const name of ['-n', '--help', 'a  b', "it's", '$(id)', '*', '.tmp', 'w\u00e9b']) {
    writeAged(directories, name, 0);
  }
  mkdirSync(join(spool, 'directory'));
  symlinkSync('/nonexistent', join(spool, 'dangling'));
  const output = Buffer.from(printSpool(shell, directories), 'latin1').toString('utf8');
  assert.deepEqual(toLines(output), [
    '<<<$(id)>>>',
    '<<<*>>>',
    '<<<--help>>>',
    '<<<-n>>>',
    '<<<a  b>>>',
    "<<<it's>>>",
    '<<<w\u00e9b>>>',
  ]);
});

testInShells('bytes are copied unchanged, and only a missing LF is added', (shell, directories) => {
  const contents = [
    '<<<a>>>\r\nNUL \0 and Latin-1 \xe9\\n %s\n\n',
    '<<<<web01>>>>\n<<<b>>>\nno line end',
    '<<<c>>>\nends in NUL\0',
    '',
    '<<<e>>>\n',
  ];
  contents.forEach((content, index) => {
    writeFileSync(join(directories.spool, `file${index}`), content, 'latin1');
  });
  const { stdout } = runAgent(shell, directories);
  const [a, b, c, d, e] = contents;
  const expected = `<<<local:sep(0)>>>\n${a}${b}\n${c}\n${d}${e}`;
  assert.equal(stdout.slice(stdout.indexOf('<<<local')), expected);
});

testInShells('an empty or missing spool directory prints nothing', (shell, directories) => {
  assert.equal(printSpool(shell, directories), '');
  assert.equal(printSpool(shell, directories, 'MK_VARDIR=/nonexistent'), '');
});

testInShells('--help and --version answer on standard output', (shell, directories) => {
  const help = runAgent(shell, directories, {}, ['--help']);
  assert.equal(toLines(help.stdout).at(0), 'usage: courier-agent [--help | --version]');
  assert.deepEqual({ stderr: help.stderr, status: help.status }, { stderr: '', status: 0 });
  const { stdout, stderr, status } = runAgent(shell, directories, {}, ['--version']);
  assert.deepEqual(
    { stdout, stderr, status },
    { stdout: `courier-agent ${version}\n`, stderr: '', status: 0 },
  );
});

testInShells('a wrong argument or setting is one line and exit code 2', (shell, directories) => {
  const unknown = runAgent(shell, directories, {}, ['-x\ny']);
  assert.deepEqual(
    [unknown.stdout, unknown.stderr, unknown.status],
    ['', 'courier-agent: unknown argument "-x\n', 2],
  );
  for (const timeout of ['0', 'ten', '-1', '1.5', '123456']) {
    const wrong = runAgent(shell, directories, { COURIER_AGENT_TIMEOUT: timeout });
    assert.deepEqual(
      [wrong.stdout, wrong.stderr, wrong.status],
      ['', 'courier-agent: COURIER_AGENT_TIMEOUT must be seconds such as 60\n', 2],
    );
  }
});
