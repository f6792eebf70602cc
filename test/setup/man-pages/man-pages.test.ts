import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeManPages } from '../../../.tools/man-pages/pages.ts';
import { toRoff } from '../../../.tools/man-pages/roff.ts';
import { toFlag } from '../../../src/cli/options.ts';
import { commands } from '../../../src/commands/catalog.ts';
import { skipWithout } from '../../helpers/required-peer.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

const pages = await makeManPages();

const struckTwice = /.[\b]/gu;

/** A page as a reader sees it, without the layout. */
function render(text: string): string {
  const { stdout, stderr } = spawnSync('mandoc', ['-T', 'utf8', '-O', 'width=1000'], {
    input: text,
    encoding: 'utf8',
  });
  assert.equal(stderr, '');
  // Letters that are struck twice are bold.
  return stdout.replaceAll(struckTwice, '');
}

test('there is a page of the program and one of each command, all of them in ASCII', () => {
  const names = ['cmk-courier', ...Object.keys(commands).map((name) => `cmk-courier-${name}`)];
  assert.deepEqual(
    pages.map(({ file }) => file),
    names.map((name) => `${name}.1`),
  );
  for (const { file, text } of pages) assert.match(text, /^[\n\x20-\x7e]+$/, file);
});

test('mandoc finds nothing wrong but that a date is missing', {
  skip: skipWithout('mandoc'),
}, async (t) => {
  const folder = await makeTempDir(t);
  const paths = pages.map(({ file }) => join(folder, file));
  for (const { file, text } of pages) writeFileSync(join(folder, file), text);
  const { stdout } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', ...paths], {
    encoding: 'utf8',
  });
  const found = stdout.split('\n').filter((line) => line !== '' && !/missing date/.test(line));
  assert.deepEqual(found, []);
});

test('groff finds nothing to warn of', { skip: skipWithout('groff') }, () => {
  for (const { file, text } of pages) {
    const { stderr } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-z'], {
      input: text,
      encoding: 'utf8',
    });
    assert.equal(stderr, '', file);
  }
});

test('the page of a command has its usage, each option with its meaning, and its examples', {
  skip: skipWithout('mandoc'),
}, async () => {
  for (const [name, { load }] of Object.entries(commands)) {
    const command = await load();
    const groups = (await command.loadSourceOptions?.([])) ?? [];
    const page = pages.find(({ file }) => file === `cmk-courier-${name}.1`);
    const shown = render(page?.text ?? '').replace(/\s+/g, ' ');
    const wanted = [
      command.usage,
      ...command.examples.flat(),
      ...[command, ...groups].flatMap(({ options }) =>
        Object.entries(options).flatMap(([option, spec]) => [toFlag(option), spec.describe]),
      ),
    ];
    for (const text of wanted) {
      const plain = text.replaceAll('`', '').replace(/\s+/g, ' ');
      assert.ok(shown.includes(plain), `${name}: ${plain}`);
    }
  }
});

test('what roff would take for its own reaches the reader', { skip: skipWithout('mandoc') }, () => {
  const text = `.so /etc/passwd\n'x' \\fB -- 10 % "…" ~ ^ \`.b\``;
  const shown = render(`.TH X 1 "" ""\n.SH NAME\nx \\- y\n.nf\n${toRoff(text)}\n`);
  const lines = shown.split('\n').map((line) => line.trim());
  assert.deepEqual(lines.slice(-5, -3), ['.so /etc/passwd', '\'x\' \\fB -- 10 % "…" ~ ^ .b']);
});
