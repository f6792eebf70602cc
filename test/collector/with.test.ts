/** Sources beside the chain, in the collector: what the site gets, the spool, and the status. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { CourierError } from '../../src/faults/errors.ts';
import { Rests } from '../../src/fetching/rests.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { readSpooled } from '../../src/spool/reading.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { delivers, makeStep } from '../helpers/scripted-transport.ts';
import { makeSite } from './running-collector.ts';

const main = '<<<check_mk>>>\nVersion: 2.4.0\n';

test('the collector adds them, tells the one that fails once, and keeps them out of the spool', {
  timeout: 120_000,
}, async (t) => {
  const site = await makeSite(t);
  const drops = join(site.root, 'drops');
  site.writeRoutes(
    `routes: [{ hosts: web01, sources: '${drops}/{host}', with: '${drops}/{host}.more', every: 1s, maxAge: 1h }]`,
  );
  site.drop('web01', main);
  site.drop('web01.more', '<<<more>>>\n1\n');
  await site.start();
  const ask = () => site.ask('web01').stdout;
  const whole = `${main}<<<>>>\n<<<more>>>\n1\n`;
  await site.until(() => ask() === whole);
  const [host] = site.status().hosts;
  const { ageMs, ...more } = host.with[0];
  assert.ok(ageMs >= 0);
  assert.deepEqual(more, { source: `file ${drops}/web01.more`, sections: 1, left: [] });
  assert.equal(host.bytes, main.length);

  site.drop('web01.more', '<html>');
  await site.until(() =>
    /^<<<local.*\n1 "Agent courier" .*; without file .*\(MALFORMED\)\n/.test(ask()),
  );
  const before = site.status().cycles.good;
  await site.until(() => site.status().cycles.good > before);
  assert.ok(ask().endsWith(main));
  assert.equal(site.status().hosts[0].with[0].fault.code, 'MALFORMED');
  assert.equal(site.status().hosts[0].served, 'output');

  // What lies ready goes into the spool before a fault takes its place.
  site.drop('web01', '<html>');
  await site.until(() => !ask().includes('Version'));
  const { stderr } = await site.end('SIGTERM');
  assert.equal(
    stderr.split('\n').filter((line) => line.includes('without file')).length,
    1,
    stderr,
  );
  const reading = { log: makeCollectingLog(), clock: systemClock };
  const kept = await readSpooled(
    join(site.root, 'var/cmk-courier/spool'),
    parseHostName('web01'),
    reading,
  );
  assert.equal(kept?.output.toString(), main);
});

test('one that is silent twice in a row rests for five minutes', () => {
  const clock = new FakeClock();
  const rests = new Rests(clock);
  const step = makeStep('b', delivers(), []);
  const silent = new CourierError('TIMEOUT', 'no output within 20s');
  rests.note(step, silent);
  assert.equal(rests.refuse(step), undefined);
  rests.note(step, new CourierError('MALFORMED', 'it answers'));
  rests.note(step, silent);
  assert.equal(rests.refuse(step), undefined);
  rests.note(step, silent);
  const { code, message } = rests.refuse(step) ?? {};
  assert.deepEqual([code, message], ['TIMEOUT', 'no output within 20s; not asked again so soon']);
  assert.equal(rests.refuse(makeStep('c', delivers(), [])), undefined);
  clock.advance(300_000);
  assert.equal(rests.refuse(step), undefined);
  rests.note(step, silent);
  assert.equal(rests.refuse(step)?.code, 'TIMEOUT');
  clock.advance(300_000);
  rests.note(step, undefined);
  rests.note(step, silent);
  assert.equal(rests.refuse(step), undefined);
});
