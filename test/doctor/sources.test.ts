/** `doctor HOST SOURCE`: the way of a source, and the fault it ends with. */

import assert from 'node:assert/strict';
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { doctor } from '../../src/commands/doctor.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

async function findCause(...sources: readonly string[]) {
  const context = { ...makeCommandContext(), clock: systemClock };
  const options = { address: ['127.0.0.1'], json: ['true'] };
  await doctor.run({ operands: ['web01', ...sources], options }, context);
  const { cause, verdict, steps } = JSON.parse(context.said.output);
  const port = steps.find(({ id }: { id: string }) => id === 'port');
  assert.equal(port.status, 'skipped');
  return cause?.code ?? verdict;
}

test('each source ends with a cause of its own, and the agent port is left alone', async (t) => {
  const directory = await makeTempDir(t);
  const put = (name: string, text: string, ageS = 0) => {
    const path = join(directory, name);
    writeFileSync(path, text);
    const then = Date.now() / 1000 - ageS;
    utimesSync(path, then, then);
    return `file://${path}`;
  };
  const good = '<<<check_mk>>>\nVersion: 2.4.0\n<<<uptime>>>\n1 2\n';
  const port = await findFreePort();
  assert.equal(await findCause(put('good', good)), 'ok');
  assert.equal(await findCause(put('old', good, 3600)), 'source-stale');
  assert.equal(
    await findCause(put('html', '<html><body>Log in</body></html>')),
    'source-malformed',
  );
  assert.equal(await findCause(`file://${directory}/missing`), 'source-no-output');
  assert.equal(await findCause(`http://127.0.0.1:${port}/{host}`), 'source-unreachable');
  assert.equal(await findCause('exec:/bin/false'), 'source-peer');
  assert.equal(await findCause('exec:/no/such/program'), 'source-local');
});
