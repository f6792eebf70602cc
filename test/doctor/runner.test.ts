/** Steps side by side: one that breaks, one that hangs, and what rests on them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { runSteps } from '../../src/doctor/runner.ts';
import type { Finding, Step } from '../../src/doctor/step.ts';
import { CourierError } from '../../src/faults/errors.ts';

type Run = Step<object, object>['run'];

function makeStep(id: string, run: Run, needs: readonly string[] = []): Step<object, object> {
  return { id, side: 'site', title: id, needs, run };
}

const well = async (): Promise<Finding<object>> => ({ status: 'ok', text: 'well' });

/** Each step with its status and text. */
async function look(steps: readonly Step<object, object>[], deadlineMs = 10_000) {
  const limits = { clock: systemClock, deadlineMs, shutdown: new AbortController().signal };
  const { results } = await runSteps(steps, {}, limits);
  return results.map(({ id, status, text, rawError }) => [id, status, text, rawError]);
}

test('a step that throws is crashed, what rests on it is skipped, the others go on', async () => {
  const breaks = async (): Promise<never> => {
    throw new TypeError('nothing\u001b[31m is not a function');
  };
  const refused = async (): Promise<never> => {
    throw new CourierError('LOCAL', 'no such file');
  };
  assert.deepEqual(
    await look([
      makeStep('breaks', breaks),
      makeStep('rests', well, ['breaks']),
      makeStep('deeper', well, ['rests']),
      makeStep('refused', refused),
      makeStep('other', well),
    ]),
    [
      [
        'breaks',
        'crashed',
        'the doctor broke here, this is a bug',
        'nothing [31m is not a function',
      ],
      ['rests', 'skipped', 'needs breaks', null],
      ['deeper', 'skipped', 'needs breaks', null],
      ['refused', 'unknown', 'no such file', null],
      ['other', 'ok', 'well', null],
    ],
  );
});

test('a step that hangs is unknown when the deadline is over, and keeps nobody', async () => {
  const hangs = () => new Promise<never>(() => undefined);
  const late = 'nobody could look within 50ms';
  const [slow, quick] = await look([makeStep('hangs', hangs), makeStep('quick', well)], 50);
  assert.deepEqual(
    [slow?.slice(0, 2), quick],
    [
      ['hangs', 'unknown'],
      ['quick', 'ok', 'well', null],
    ],
  );
  assert.equal(slow?.[2], late);
});
