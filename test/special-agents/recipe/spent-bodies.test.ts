import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Evaluator } from '../../../src/special-agents/recipe/evaluator.ts';
import { defaultLimits } from '../../../src/special-agents/recipe/limits.ts';

const json = { kind: 'json' } as const;

for (const [bodies, left] of [
  ['spent', 0],
  ['kept', 40_000],
] as const) {
  test(`a ${bodies} body has ${left} bytes once the thread has it, and is read whole`, async () => {
    const evaluator = new Evaluator(defaultLimits, 0, AbortSignal.timeout(20_000), bodies);
    try {
      const body = Buffer.alloc(40_000, ' ');
      body.write('{ "name": "vol1" }');
      const document = await evaluator.parse(body, json);
      assert.equal(body.length, left);
      const found = await evaluator.evaluate({ expression: 'name', document, variables: {} });
      assert.equal(found, 'vol1');
    } finally {
      await evaluator.close();
    }
  });
}
