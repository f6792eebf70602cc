/** The rules of the house that a program can check. */

import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { faults } from '../src/faults/errors.ts';
import { catalog } from '../src/transports/catalog.ts';
import { version } from '../src/version.ts';

const sources = globSync('src/**/*.ts').sort();
const read = (path: string) => readFileSync(path, 'utf8');

/** A source without its comments. */
const readCode = (path: string) => read(path).replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');

test('every transport of the catalog has its folder, README and tests, and runs the suite', () => {
  for (const { transport } of Object.values(catalog)) {
    assert.ok(existsSync(`src/transports/${transport}/${transport}.ts`), transport);
    assert.ok(existsSync(`src/transports/${transport}/README.md`), transport);
    const tests = globSync(`test/transports/{${transport},${transport}/*}.test.ts`);
    assert.ok(
      tests.some((path) => read(path).includes('testTransportConformance(')),
      transport,
    );
  }
});

test('no file is longer than 300 lines, and half of them are under 100', () => {
  const lengths = sources.map((path) => ({ path, lines: read(path).split('\n').length - 1 }));
  for (const { path, lines } of lengths) assert.ok(lines <= 300, `${path} has ${lines} lines`);
  const short = lengths.filter(({ lines }) => lines < 100);
  assert.ok(short.length * 2 >= lengths.length);
});

test('nothing stands loose in src but the way in, the clock and the version', () => {
  assert.deepEqual(
    globSync('src/*').sort(),
    [
      ...globSync('src/*/').map((path) => path.replace(/\/$/, '')),
      'src/bin.ts',
      'src/clock.ts',
      'src/main.ts',
      'src/version.ts',
    ].sort(),
  );
});

test('there is no index, utils, helpers, common or misc in src', () => {
  const vague = sources.filter((path) => /\b(index|utils?|helpers?|common|misc)\b/.test(path));
  assert.deepEqual(vague, []);
});

test('only bin.ts and its streams touch the process, and nobody the console', () => {
  for (const path of sources) {
    assert.doesNotMatch(readCode(path), /\bconsole\.|process\.(stdout|stderr|stdin)\b/, path);
    if (['src/bin.ts', 'src/system/shutdown.ts'].includes(path)) continue;
    assert.doesNotMatch(readCode(path), /process\.(exit|argv|env)\b/, path);
  }
});

test('time comes from the clock alone, and chance from one place', () => {
  // The browser has a clock of its own.
  const clocks = ['src/clock.ts', 'src/status-page/page/client/browser-clock.ts'];
  for (const path of sources.filter((source) => !clocks.includes(source))) {
    assert.doesNotMatch(
      readCode(path),
      /\bperformance\.|\bhrtime\b|\bDate\.now\b|\bDate\(\)/,
      `${path} asks for the time past src/clock.ts`,
    );
    if (path === 'src/system/chance.ts') continue;
    assert.doesNotMatch(readCode(path), /Math\.random/, `${path} has chance of its own`);
  }
});

test('calls into the file system are promised in one place alone', () => {
  for (const path of sources.filter((source) => source !== 'src/files/file-calls.ts')) {
    assert.doesNotMatch(
      readCode(path),
      /\bfs\/promises\b|\bpromises\b.*\bfrom 'node:fs'|\bpromisify\(fs\.|\bfs\.promises\b/,
      `${path} calls past src/files/file-calls.ts`,
    );
  }
});

test('a length of time never goes by the time of day, which somebody may set', () => {
  // What is kept of the time of day to be shown or stored is a Date; what is compared at once is
  // called `now` or `age`; anything else that keeps it means to measure, and wants monotonic().
  const kept = /(\w+)\??\s*(?:[:=]|\?\?=)\s*(?:this\.)?[\w.#]*[cC]lock\.now\(\)/g;
  const wrong = sources.flatMap((path) =>
    [...readCode(path).matchAll(kept)]
      .filter(([, name = '']) => !/^(now|nowMs|atMs|ageMs)$/.test(name))
      .map(([found]) => `${path}: ${found}`),
  );
  assert.deepEqual(wrong, []);
});

test('there is no any, no cast and no non-null assertion in src', () => {
  for (const path of sources.filter((source) => !source.endsWith('.d.ts'))) {
    assert.doesNotMatch(
      readCode(path),
      /: any\b|<any>|\bas any\b|@ts-|\bas (?!const\b)[A-Z]\w+/,
      path,
    );
  }
});

test('the README names every fault with its exit code, and none other', () => {
  const rowsOfTable = [...read('README.md').matchAll(/^\| (\d+) \| ([A-Z_]+) \|/gm)];
  const named = Object.fromEntries(rowsOfTable.map(([, exit, code = '']) => [code, Number(exit)]));
  const known = Object.entries(faults).map(([code, { exit }]) => [code, exit]);
  assert.deepEqual(named, Object.fromEntries(known));
});

test('the version in the program is that of package.json', () => {
  assert.equal(version, JSON.parse(read('package.json')).version);
});

test('the lock file carries no download addresses', () => {
  assert.doesNotMatch(read('package-lock.json'), /"resolved"|https?:\/\/registry/);
});

test('a comment that cites a page of docs/protocol names a page and a heading that are there', () => {
  const pages = new Map(
    globSync('docs/protocol/*.md').map((path) => [basename(path), headingsOf(read(path))]),
  );
  const wrong = globSync('{src,test,agents}/**/*.ts').flatMap((path) => {
    const text = read(path);
    const cited = [...text.matchAll(/\b([a-z-]+\.md)#([a-z0-9-]+)/g)];
    const missing = cited.filter(([, page = '', heading = '']) => {
      return !(pages.get(page) ?? [heading]).includes(heading);
    });
    return [
      ...missing.map(([cite]) => `${path}: ${cite}`),
      ...(/\(spec: [a-z- ]+, \d/.test(text) ? [path] : []),
    ];
  });
  assert.deepEqual(wrong, []);
});

/** Headings as links to them are written. */
function headingsOf(page: string): readonly string[] {
  const headings = [...page.matchAll(/^#+ (.+)$/gm)];
  return headings.map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
}
