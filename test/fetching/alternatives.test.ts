/** `--or`: sources with options of their own; and what a command line may ask for as a route may. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { main } from '../../src/main.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { goodOutput } from '../helpers/scripted-transport.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

/** Runs fetch for web01, whose drop is there, with TMP standing for its directory. */
async function fetch(t: TestContext, ...args: readonly string[]) {
  const directory = await makeTempDir(t);
  writeFileSync(join(directory, 'web01'), goodOutput);
  const context = { ...makeCommandContext(), env: { HOME: directory, PATH: '/usr/bin:/bin' } };
  const filled = args.map((arg) => arg.replaceAll('TMP', directory));
  const code = await main(
    ['fetch', '--host=web01', '--max-age=unlimited', '--max-skew=36500d', ...filled],
    context,
  );
  return { code, ...context.said };
}

test('each source behind --or has options of its own, and its own time', async (t) => {
  const { code, output, errors } = await fetch(
    t,
    ...['TMP/none', '--require-sha256', '--or', 'TMP/web01', '--timeout=3s'],
  );
  assert.equal(errors, '');
  assert.equal(code, 0);
  assert.equal(output, goodOutput);
});

test('options behind --or are none of the sources in front of it, nor of fetch', async (t) => {
  const foreign = await fetch(t, 'TMP/web01', '--or', 'TMP/x', '--user=me');
  assert.equal(
    foreign.errors,
    'cmk-courier: fetch: --user is an option of https:, http:, http+unix:, imaps:, imap:, mqtts:, mqtt:, mqtt+unix:, nats: sources, and no such source is given (USAGE)\n',
  );
  const general = await fetch(t, 'TMP/web01', '--or', 'TMP/x', '--max-age=5m');
  assert.equal(
    general.errors,
    'cmk-courier: fetch: --max-age is for all sources and stands ahead of --or (USAGE)\n',
  );
  const unknown = await fetch(t, 'TMP/web01', '--or', 'TMP/x', '--max-aeg=5m');
  assert.match(unknown.errors, /^cmk-courier: fetch: unknown option "--max-aeg"; /);
});

test('--or stands between sources, or in front of the first one', async (t) => {
  const first = await fetch(t, '--or', 'TMP/web01');
  assert.equal(first.output, goodOutput);
  const none = await fetch(t, '--require-sha256', '--or', 'TMP/web01');
  assert.match(none.errors, /--require-sha256 is an option of file: sources, and no such source/);
  const last = await fetch(t, 'TMP/web01', '--or');
  assert.equal(last.errors, 'cmk-courier: fetch: --or needs a SOURCE behind it (USAGE)\n');
});

test('a report is told without a route as well', async (t) => {
  const { code, output } = await fetch(t, '--report=section', 'TMP/none', 'TMP/web01');
  assert.equal(code, 0);
  assert.match(
    output,
    /^<<<cmk_courier:sep\(0\)>>>\n\{"version":1,.*"failed":\["file NO_OUTPUT"\]/,
  );
});

test('with grace, what was good before stands in, from the spool that is named', async (t) => {
  const directory = await makeTempDir(t);
  const spool = `--spool=${directory}/spool`;
  const good = await fetch(t, '--grace=36500d', spool, 'TMP/web01');
  assert.equal(good.output, goodOutput);
  const later = await fetch(t, '--grace=36500d', spool, 'TMP/none');
  assert.equal(later.code, 0, later.errors);
  assert.match(later.output, /^<<<local:sep\(0\)>>>\n1 "Agent courier" .*every source failed/);
  const without = await fetch(t, spool, 'TMP/web01');
  assert.equal(without.errors, 'cmk-courier: fetch: --spool needs --grace (USAGE)\n');
});
