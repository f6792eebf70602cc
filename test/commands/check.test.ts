import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { RawOptions } from '../../src/cli/options.ts';
import { check } from '../../src/commands/check.ts';
import { Secret } from '../../src/secrets/secrets.ts';
import { encryptSymmetric } from '../../src/wrapping/symmetric.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const good = '<<<check_mk>>>\nVersion: 2.4.0p1\n<<<<vm>>>>\n<<<df>>>\n<<<<>>>>\n';
const broken = '<<<check_mk>>>\n<<<<vm>>>>\n<<<a-b>>>\n<<<<-x>>>>\n<<<x:sep()>>>\n';

/** A call of the command, with what it printed and how it ended. */
function run(operands: readonly string[], options: RawOptions = {}, input: string | Buffer = '') {
  const context = { ...makeCommandContext(), readInput: async () => Buffer.from(input) };
  const ended = check.run({ operands, options }, context);
  return { ended, output: () => context.said.output };
}

test('good output on stdin is counted, and the command ends well', async () => {
  for (const operands of [[], ['-']]) {
    const { ended, output } = run(operands, {}, good);
    await ended;
    assert.equal(output(), 'no errors in stdin: 2 sections, 1 piggybacked host\n');
  }
});

test('problems are printed with file, line and rule, and then the command fails', async (t) => {
  const file = join(await makeTempDir(t), 'web01.txt');
  await writeFile(file, broken);
  const { ended, output } = run([file]);
  const fault = await expectFault(ended, 'MALFORMED');
  assert.equal(fault.message, `2 errors, 1 loss in ${file}`);
  assert.deepEqual(output().split('\n'), [
    `${file}:3: error: invalid section header "<<<a-b>>>" lets piggyback of vm pass for the host itself (invalid-name)`,
    `${file}:4: loss: no usable host name in "<<<<-x>>>>"; the site ignores what follows (unusable-host-name)`,
    `${file}:5: error: invalid section header "<<<x:sep()>>>" lets ignored piggyback pass for the host itself (invalid-sep)`,
    `2 errors, 1 loss in ${file}: 1 section, 1 piggybacked host`,
    '',
  ]);
});

test('losses and remarks are shown, but are no failure', async () => {
  const { ended, output } = run([], { lenient: ['true'] }, `hi\n${good}`);
  await ended;
  assert.match(
    output(),
    /^stdin:1: remark: text before .* \(junk-before-header\)\nno errors, 1 remark in stdin: /,
  );
  const lost = run([], {}, `hi\n${good}`);
  await lost.ended;
  assert.match(lost.output(), /^stdin:1: loss: .*\nno errors, 1 loss in stdin: /);
  const strict = run([], { strict: ['true'] }, `hi\n${good}`);
  await expectFault(strict.ended, 'MALFORMED', /^no errors, 1 loss in stdin$/);
});

test('of several files all are checked, and the broken ones named at the end', async (t) => {
  const directory = await makeTempDir(t);
  const files = ['a.txt', 'b.txt', 'c.txt'].map((name) => join(directory, name));
  const [a = '', b = '', c = ''] = files;
  await writeFile(a, broken);
  await writeFile(b, good);
  await writeFile(c, '');
  const { ended, output } = run(files);
  await expectFault(ended, 'MALFORMED', /^2 errors, 1 loss in \S+a\.txt; 1 error in \S+c\.txt$/);
  assert.match(output(), /b\.txt: 2 sections/);
});

test('more problems than are shown are counted', async () => {
  const { ended, output } = run([], {}, '<<<a-b>>>\n'.repeat(105));
  const said = 'at least 1 error, 100 losses in stdin';
  await expectFault(ended, 'MALFORMED', new RegExp(`^${said}$`));
  const end = ['stdin: 5 more problems not shown', `${said}: no sections`, ''];
  assert.deepEqual(output().split('\n').slice(-3), end);
});

test('--json prints one array and fails like the text', async () => {
  const { ended, output } = run([], { json: ['true'] }, broken);
  await expectFault(ended, 'MALFORMED');
  const [report, ...others] = JSON.parse(output()).files;
  assert.deepEqual(others, []);
  assert.deepEqual(
    { ...report, problems: report.problems.length },
    {
      file: 'stdin',
      sections: 1,
      piggybackedHosts: ['vm'],
      problems: 3,
      omittedProblems: 0,
      fault: null,
    },
  );
  assert.deepEqual(report.problems[1], {
    line: 4,
    rule: 'unusable-host-name',
    severity: 'loss',
    message: 'no usable host name in "<<<<-x>>>>"; the site ignores what follows',
  });
});

test('--host names the host whose name leads back to it', async () => {
  const input = `${good}<<<<vm>>>>\n<<<>>>\n<<<<src>>>>\n<<<df>>>\n<<<<>>>>\n`;
  const own = run([], { host: ['src'] }, input);
  const other = run([], {}, input);
  await Promise.all([own.ended, other.ended]);
  assert.equal(own.output(), 'no errors in stdin: 3 sections, 1 piggybacked host\n');
  assert.equal(other.output(), 'no errors in stdin: 3 sections, 2 piggybacked hosts\n');
});

test('what cannot be read is said, and the others are checked', async (t) => {
  const directory = await makeTempDir(t);
  const [missing, file] = [join(directory, 'none'), join(directory, 'a.txt')];
  await writeFile(file, broken);
  const { ended, output } = run([missing, file, directory]);
  const fault = await expectFault(ended, 'LOCAL');
  const why = `reading ${missing}: no such file or directory`;
  assert.equal(fault.message, `${why}; 1 more file unread; 2 errors, 1 loss in ${file}`);
  const lines = output().split('\n');
  assert.equal(lines[0], `${missing}: ${why} (LOCAL)`);
  assert.equal(lines.at(-2), `${directory}: reading ${directory}: not a regular file (LOCAL)`);
  assert.match(output(), /a\.txt:3: error: /);
});

test('with --json, too, a file that cannot be read is one of the array', async (t) => {
  const missing = join(await makeTempDir(t), 'none');
  const { ended, output } = run([missing, '-'], { json: ['true'] }, good);
  await expectFault(ended, 'LOCAL');
  const [unread, read] = JSON.parse(output()).files;
  const message = `reading ${missing}: no such file or directory`;
  assert.deepEqual(unread.fault, { code: 'LOCAL', message });
  assert.deepEqual(Object.keys(unread), Object.keys(read));
});

test('what a fetch unpacks is unpacked', async (t) => {
  const file = join(await makeTempDir(t), 'passphrase');
  await writeFile(file, 'Sx4-check\n', { mode: 0o600 });
  const passphrase = new Secret('Sx4-check');
  const encrypted = await encryptSymmetric(Buffer.from(good), '03', passphrase);
  encrypted.write('00000000', 2);
  const packed = run([], { passphraseFile: [file] }, gzipSync(encrypted));
  await packed.ended;
  assert.equal(
    packed.output(),
    'stdin:1: remark: the encrypted output lacks "Salted__" ahead of its salt (unmarked-salt)\n' +
      'no errors, 1 remark in stdin: 2 sections, 1 piggybacked host\n',
  );
  const closed = run([], {}, gzipSync(encrypted));
  await expectFault(closed.ended, 'MALFORMED', /^1 error in stdin$/);
  const torn = run([], {}, gzipSync(good).subarray(0, 30));
  const fault = await expectFault(torn.ended, 'MALFORMED');
  assert.equal(fault.message, 'unpacking stdin: damaged gzip data: they end too early');
});

test('a FIFO, a directory and nothing are no files to check', async (t) => {
  const directory = await makeTempDir(t);
  const fifo = join(directory, 'fifo');
  execFileSync('mkfifo', [fifo]);
  for (const path of [fifo, directory, '/dev/null']) {
    const fault = await expectFault(run([path]).ended, 'LOCAL');
    assert.equal(fault.message, `reading ${path}: not a regular file`);
  }
  const missing = await expectFault(run([join(directory, 'none')]).ended, 'LOCAL');
  assert.match(missing.message, /: no such file or directory$/);
});

test('a file larger than --max-size is not read on', async (t) => {
  const file = join(await makeTempDir(t), 'large.txt');
  await writeFile(file, `${good}${'x'.repeat(1000 - good.length)}`);
  await run([file], { maxSize: ['1000B'] }).ended;
  const fault = await expectFault(run([file], { maxSize: ['999B'] }).ended, 'TOO_LARGE');
  assert.equal(fault.message, `reading ${file}: more than the allowed 999 bytes (--max-size)`);
});

test('a line feed in a file name does not make a line of its own', async (t) => {
  const file = join(await makeTempDir(t), 'a\nb');
  await writeFile(file, good);
  const { ended, output } = run([file]);
  await ended;
  assert.equal(output().split('\n').length, 2);
});
