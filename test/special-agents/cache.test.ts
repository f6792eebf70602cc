/** What a recipe keeps between two runs. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../helpers/fake-clock.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { answerJson, runSections, startApi } from './running.ts';

const recipe = `
recipe: 1
title: cached
parameters: { url: { type: url, required: true }, only: { type: text, default: all } }
steps:
  - { name: dear, get: '{url}/dear', cache: 10m }
  - { name: cheap, get: '{url}/cheap' }
  - { name: rare, get: '{url}/rare' }
sections:
  - { name: dear, separator: 0, each: dear, json: $ }
  - { name: cheap, separator: 0, each: cheap, json: $ }
  - { name: rare, separator: 0, each: rare, json: $, cache: 1h }
`;

test('a step and a section with a cache are asked again when it is over, and marked with their age', async (t) => {
  let count = 0;
  const { origin, asked } = await startApi(t, (_, response) => {
    count += 1;
    answerJson(response, { count });
  });
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const begun = Date.UTC(2026, 0, 1) / 1000;
  const env = { SERVER_SIDE_PROGRAM_STORAGE_PATH: await makeTempDir(t) };
  const runAgain = async (only = 'all') => {
    asked.length = 0;
    const output = await runSections(recipe, { url: [origin], only: [only] }, { clock, env });
    const lines = asked.map(({ line }) => line.replace('GET /', '')).sort();
    return {
      lines,
      headers: output
        .split('\n')
        .filter((line) => line.startsWith('<<<'))
        .slice(0, 3),
    };
  };
  const headers = [
    `<<<dear:sep(0):cached(${begun},600)>>>`,
    '<<<cheap:sep(0)>>>',
    `<<<rare:sep(0):cached(${begun},3600)>>>`,
  ];
  assert.deepEqual(await runAgain(), { lines: ['cheap', 'dear', 'rare'], headers });
  clock.advance(599_000);
  assert.deepEqual(await runAgain(), { lines: ['cheap'], headers });
  clock.advance(1000);
  const later = [`<<<dear:sep(0):cached(${begun + 600},600)>>>`, ...headers.slice(1)];
  assert.deepEqual(await runAgain(), { lines: ['cheap', 'dear'], headers: later });
  // Other parameters are another question.
  assert.deepEqual((await runAgain('other')).lines, ['cheap', 'dear', 'rare']);
});
