/** Whatever is typed: one line, a code of the table, and never a bug of ours. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { OptionSpec, OptionTable } from '../src/cli/options.ts';
import { toFlag } from '../src/cli/options.ts';
import { systemClock } from '../src/clock.ts';
import { commands } from '../src/commands/catalog.ts';
import { CourierError, faults } from '../src/faults/errors.ts';
import { main } from '../src/main.ts';
import { makeCommandContext } from './helpers/command-context.ts';
import { makeTempDir } from './helpers/temp-dir.ts';

const timeout = 120_000;
const runs = process.env['COURIER_TEST_LONG'] ? 5000 : 250;

/** What may stand where a value, a verb or a source is wanted; nothing leaves the machine. */
const anyWord = fc.oneof(
  fc.constantFrom(
    ...[
      'list',
      'show',
      'validate',
      'explain',
      'test',
      'schema',
      'token',
      'allow',
      'revoke',
      'deny',
    ],
    ...['tcp', 'web01', '-x', '--', '-', '', '.', '/', '~', '~x', '*', '[', '{host}', '10', '0s'],
    ...['/dev/null', '/nonexistent/{host}', 'file:///etc', 'spool:', 'http://127.0.0.1:1/{host}'],
    ...['tcp://127.0.0.1:1', 'https://[::1]:1/', 'maildir:/nonexistent', 'exec:/bin/false'],
    ...['imap://me@127.0.0.1:1/', 'rsync://127.0.0.1:1/x', 'htps://x', 'http:', 'file:', 'exec:'],
    ...['http+unix:%2Fnone/x', 'spool:///nonexistent', 'ssh:', 'sftp:///x', 'ssh://-x', '1h30m'],
    ...['--help=x', '--debug=no', '-v', '-vh', '--no-json', '--json=1', '__proto__', 'constructor'],
    ...[
      '127.0.0.1:1',
      'a'.repeat(5000),
      '\0',
      '\n',
      '\u202e',
      '\ud800',
      '%',
      '"',
      "'",
      '192.0.2.1',
    ],
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
);

/** Verbs that write outside of the directory of the test, or take seconds for a key. */
const leftOut = ['install', 'uninstall', 'init', 'server'];

type Line = readonly string[];

async function anyLine(): Promise<fc.Arbitrary<Line>> {
  const lines = await Promise.all(
    Object.entries(commands).map(async ([name, { load }]) => {
      const command = await load();
      const groups = (await command.loadSourceOptions?.([])) ?? [];
      const tables = [command.options, ...groups.map(({ options }) => options)];
      const options = tables.filter(isFilled).map(anyOption);
      const word = options.length === 0 ? anyWord : fc.oneof(anyWord, fc.oneof(...options));
      const rest = fc.array(word, { maxLength: 6 });
      return rest.map((words): Line => [name, ...words]);
    }),
  );
  return fc.oneof(...lines, fc.array(anyWord, { maxLength: 4 }));
}

const isFilled = (table: OptionTable) => Object.keys(table).length > 0;

function anyOption(table: OptionTable): fc.Arbitrary<string> {
  const flag = fc.constantFrom(...Object.entries(table));
  return fc.tuple(flag, anyWord, fc.boolean()).map(([[name, spec], word, isWhole]) => {
    return isWhole ? toFlag(name) : `${toFlag(name)}=${fittingValue(spec, word)}`;
  });
}

/** Half of the time something the option takes, so that what lies behind it is reached as well. */
function fittingValue(spec: OptionSpec, word: string): string {
  if (spec.kind === 'switch' || word.length % 2 === 1) return word;
  return spec.kind === 'value' ? (spec.fallback ?? word) : word;
}

async function run(line: Line, home: string) {
  const shutdown = new AbortController();
  const timer = setTimeout(
    () => shutdown.abort(new CourierError('INTERRUPTED', 'ended by SIGTERM')),
    150,
  );
  const { said, ...context } = makeCommandContext(shutdown.signal);
  const env = { HOME: home, OMD_ROOT: home, OMD_SITE: 'mysite', PATH: '/usr/bin:/bin' };
  try {
    return { code: await main(line, { ...context, env, clock: systemClock }), ...said };
  } finally {
    clearTimeout(timer);
  }
}

const exits = new Set(Object.values(faults).map(({ exit }): number => exit));
const oneLine = /^cmk-courier: [^\n\p{Cc}]+ \([A-Z_]+\)\n$/u;

function assertTold(line: Line, ended: Awaited<ReturnType<typeof run>>): void {
  const shown = JSON.stringify(line);
  const { code, errors } = ended;
  assert.doesNotMatch(`${errors}${ended.output}`, /INTERNAL|\n\s+at .*:\d+:\d+/, shown);
  // A resident program, and one that was asked to, says more; the line stays the last one.
  const isTalkative =
    ['collect', 'receive'].includes(line[0] ?? '') ||
    line.some((word) => /^(-v|--verb|--deb|--watch)/.test(word));
  if (line[0] === 'hostcheck') {
    assert.ok([0, 2, 3, 143].includes(code), shown);
    if (code === 3)
      assert.match(ended.output, /^(UNKNOWN - [^\n]+|\{[^{}]+"UNKNOWN"[^{}]+\})\n$/, shown);
    return;
  }
  if (code === 0) {
    if (!isTalkative) assert.equal(errors, '', shown);
    return;
  }
  // A diagnosis is told on stdout, with the code of its cause or, for --plugin, of a plug-in.
  if (line[0] === 'doctor' && ended.output !== '' && errors === '') {
    assert.ok(exits.has(code) || (code >= 1 && code <= 3), shown);
    return;
  }
  assert.ok(exits.has(code), shown);
  const last = `${errors.trimEnd().split('\n').at(-1)}\n`;
  assert.match(isTalkative ? last : errors, oneLine, shown);
}

test('whatever is typed ends with a code of the table and one line', {
  timeout,
}, async (t: TestContext) => {
  const home = join(await makeTempDir(t), 'site');
  const lines = await anyLine();
  const harmless = lines.filter((line) => !line.some((word) => leftOut.includes(word)));
  await fc.assert(
    fc.asyncProperty(harmless, async (line) => assertTold(line, await run(line, home))),
    { numRuns: runs },
  );
});
