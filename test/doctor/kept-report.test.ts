/** `doctor HOST` with the report that the receiver of the site keeps. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { doctor } from '../../src/commands/doctor.ts';
import { parseHostReport } from '../../src/doctor/report/host-report.ts';
import { Reports } from '../../src/receiver/state/reports.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { makeSiteTree } from '../peers/site-tree.ts';
import { noteReport } from './named-cause.ts';

const minuteMs = 60_000;

/** A host whose own clock is years behind. */
const reported = {
  schema: 1,
  program: 'courier-doctor 0.1.0',
  host: 'web01',
  run: null,
  started: '2001-01-01T00:00:00Z',
  duration_ms: 1,
  steps: [
    {
      id: 'listener',
      status: 'ok',
      code: null,
      raw_error: null,
      evidence: { listeners: ['0.0.0.0:6556'] },
      duration_ms: 1,
    },
  ],
};

async function look(t: TestContext, ageMs: number, wanted: string) {
  const { root, env } = await makeSiteTree(t);
  const reports = await Reports.open(join(root, 'var/cmk-courier/receiver'));
  const port = String(await findFreePort());
  const text = JSON.stringify(reported).replace(':6556', `:${port}`);
  await reports.keep({
    host: 'web01',
    receivedAt: new Date(Date.now() - ageMs).toISOString(),
    receivedBy: 'token',
    report: parseHostReport(Buffer.from(text), 'web01'),
  });
  const context = { ...makeCommandContext(), env, clock: systemClock };
  const options = { address: ['127.0.0.1'], port: [port], json: ['true'] };
  await doctor.run({ operands: ['web01'], options }, context);
  const document = JSON.parse(context.said.output);
  const { cause, steps } = document;
  noteReport(`refused, it listened ${ageMs / minuteMs} minutes ago`, 'both', wanted, document);
  const told = steps.find(({ id }: { id: string }) => id === 'host-listener');
  return [cause.code, told?.text.replace(/[0-9.]+m\d*s? ago/, 'N ago')];
}

test('the newest report of the host is taken, with its age by our clock', async (t) => {
  assert.deepEqual(await look(t, 5 * minuteMs, 'blocked'), ['blocked', 'fine, as it told N ago']);
});

test('what listened an hour ago proves nothing about the way now', async (t) => {
  const [code, text] = await look(t, 61 * minuteMs, 'port-refused');
  assert.equal(code, 'port-refused');
  assert.match(text ?? '', /^fine, as it told 1h/);
});

test('a report of last week is not looked at', async (t) => {
  assert.deepEqual(await look(t, 7 * 1440 * minuteMs, 'port-refused'), ['port-refused', undefined]);
});
