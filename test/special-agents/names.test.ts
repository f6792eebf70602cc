/** Names that every object has something by are names like others, and an alias in itself is told. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findRecipeProblems } from '../../src/special-agents/recipe/validate.ts';
import { answerJson, runSections, startApi } from './running.ts';

const recipe = (name: string) => `recipe: 1
title: names
parameters:
  url: { type: url, required: true }
  ${name}: { type: text, default: given }
steps:
  - { name: q, get: '{url}/q', query: { v: '{${name}}' } }
sections:
  - { name: b, separator: 0, each: q, json: '{ "v": $${name}, "own": constructor }' }
`;

for (const name of ['constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
  test(`a parameter may be called ${name}`, async (t) => {
    const { origin, asked } = await startApi(t, (_, response) => answerJson(response, [{ a: 1 }]));
    const output = await runSections(recipe(name), { url: [origin] });
    assert.equal(output, '<<<b:sep(0)>>>\n{"v":"given"}\n<<<cmk_courier_agent:sep(0)>>>\n');
    assert.deepEqual(
      asked.map(({ line }) => line),
      ['GET /q?v=given'],
    );
  });
}

for (const [what, lines, says] of [
  ['an alias in itself', '  - &q { name: q, get: "{url}/q", json: *q }', 'an alias stands within'],
  ['aliases of aliases', `  - &a [x, x]\n${bomb('a')}`, 'too many aliases'],
] as const) {
  test(`${what} is a mistake, and ends nothing`, async () => {
    const text = `recipe: 1\ntitle: x\nsteps:\n${lines}\nsections: []\n`;
    const problems = await findRecipeProblems(text, { name: 'x', origin: 'x.yaml' });
    assert.match(problems[0]?.message ?? '', new RegExp(`^${says}`));
  });
}

function bomb(first: string): string {
  const names = [first, 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const each = (name: string) => Array.from({ length: 10 }, () => `*${name}`).join(', ');
  return names
    .slice(1)
    .map((name, index) => `  - &${name} [${each(names[index] ?? first)}]\n`)
    .join('');
}
