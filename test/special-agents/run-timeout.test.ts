/** When the time for questions is over, what came is printed and what did not come is told. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerJson, runSections, startApi } from './running.ts';

const recipe = `
recipe: 1
title: slow
parameters: { url: { type: url, required: true } }
steps:
  - { name: fast, get: '{url}/fast' }
  - { name: slow, get: '{url}/slow' }
  - { name: perhaps, get: '{url}/slow', optional: true }
sections:
  - { name: slow, separator: 0, each: slow, json: $ }
  - { name: fast, separator: 0, each: fast, json: $ }
  - { name: perhaps, separator: 0, each: perhaps, json: $ }
`;

test('a step that has not answered by then is a fault, and what came behind it is printed', async (t) => {
  const { origin } = await startApi(t, ({ line }, response) => {
    if (line === 'GET /fast') return answerJson(response, [{ a: 1 }]);
    response.setHeader('content-type', 'application/json');
    const drip = setInterval(() => response.write(' '), 50);
    response.on('close', () => clearInterval(drip));
  });
  const output = await runSections(recipe, { url: [origin], runTimeout: ['1s'] });
  const fault =
    '{"agent":"example","step":"slow","code":"TIMEOUT","message":"the run was not done within 1s"}';
  assert.equal(output, `<<<fast:sep(0)>>>\n{"a":1}\n<<<cmk_courier_agent:sep(0)>>>\n${fault}\n`);
});
