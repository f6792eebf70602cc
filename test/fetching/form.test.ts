/** What a fetch, by source or by route, does with output that is not as it should be. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { main } from '../../src/main.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const good = '<<<check_mk>>>\nVersion: 1\n';
const lossy = `Welcome\n${good}<<<hyper-v_node>>>\n1\n<<<df>>>\n/ 1 2\n`;
const leaky = `${good}<<<<db1>>>> \n<<<local:sep(0)>>>\n0 "Backup" - fine\n<<<<>>>>\n`;

/** A drop with that text, and what `cmk-courier fetch` makes of it. */
async function makeDrop(t: TestContext, text: string, route = '') {
  const root = await makeTempDir(t);
  const [path, routes] = [join(root, 'web01'), join(root, 'routes.yaml')];
  writeFileSync(path, text);
  writeFileSync(routes, `routes: [{ hosts: '*', sources: '${root}/{host}', ${route} }]\n`);
  const run = async (...args: readonly string[]) => {
    const context = { ...makeCommandContext(), clock: systemClock };
    const code = await main(['fetch', '--host=web01', ...args], context);
    return { code, output: context.said.output, errors: context.said.errors };
  };
  const fromRoute = () => run(`--routes=${routes}`);
  return { path, run, fromRoute, name: `cmk-courier: file: web01: ${path}` };
}

test('losses pass without a word, with a warning when asked for words, and not when strict', async (t) => {
  const { path, run, name } = await makeDrop(t, lossy);
  assert.deepEqual(await run(path), { code: 0, output: lossy, errors: '' });
  const wordy = await run('-v', path);
  assert.equal(wordy.output, lossy);
  assert.match(
    wordy.errors,
    /warn web01: 2 losses on some sites; line 1: text before the first section header: "Welcome" \(rule junk-before-header\)/,
  );
  const strict = await run('--strict', path);
  assert.deepEqual(strict, {
    code: 12,
    output: '',
    errors: `${name}: line 1: text before the first section header: "Welcome" (rule junk-before-header) (MALFORMED)\n`,
  });
  assert.equal((await run('--strict', '--lenient', path)).code, 12);
});

test('a marker that versions of the site read differently is refused, whatever the piggyback rule', async (t) => {
  const { path, run, name } = await makeDrop(t, leaky);
  const errors = `${name}: line 3: white space around "<<<<db1>>>>", which versions of the site read for different hosts (rule wrapped-piggyback) (MALFORMED)\n`;
  for (const rule of ['allow', 'drop', 'refuse', 'db1', 'x']) {
    const said = await run(`--piggyback=${rule}`, path);
    assert.deepEqual(said, { code: 12, output: '', errors }, rule);
  }
});

test('a loss the filter leaves out is none', async (t) => {
  const block = '<<<<vm 1>>>>\n<<<df>>>\n/ 1 2\n<<<<>>>>\n';
  const { path, run } = await makeDrop(t, `${good}${block}`);
  assert.equal((await run('--strict', path)).code, 12);
  const dropped = await run('-v', '--strict', '--piggyback=drop', path);
  assert.deepEqual([dropped.code, dropped.output], [0, `${good}<<<<>>>>\n`]);
  assert.doesNotMatch(dropped.errors, /loss/);
  assert.equal((await run('--strict', '--sections=check_mk', path)).code, 12);
});

test('a route may be strict', async (t) => {
  const strict = await makeDrop(t, lossy, 'strict: true');
  assert.equal((await strict.fromRoute()).code, 12);
  const mild = await makeDrop(t, lossy, 'strict: false');
  assert.deepEqual(await mild.fromRoute(), { code: 0, output: lossy, errors: '' });
});

test('a route with a report warns of losses, and is not outdone by a row of its name', async (t) => {
  const row = '<<<local:sep(0)>>>\n0 "Agent courier" - all fine\n';
  const { fromRoute } = await makeDrop(
    t,
    `0 "Agent courier" - all fine\n${good}${row}`,
    'report: true',
  );
  const { code, output } = await fromRoute();
  assert.equal(code, 0);
  const rows = output.split('\n').filter((line) => line.includes('"Agent courier"'));
  assert.equal(rows.length, 3);
  assert.match(
    rows.at(-1) ?? '',
    /^1 "Agent courier" age=.* 1 loss on some sites; line 1: .*; a local check of the agent has this name, too, and does not count$/,
  );
  assert.match(output, /does not count\n<<<>>>\n$/);
});

test('sections that do not exist are a fault', async (t) => {
  const { path, run, name } = await makeDrop(t, good);
  assert.deepEqual(await run('--sections=nope', path), {
    code: 9,
    output: '',
    errors: `${name}: --sections leaves nothing of 1 section (NO_OUTPUT)\n`,
  });
});
