/** What the collector makes of output that some version of the site would drop a part of. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { readSpooled } from '../../src/spool/reading.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { makeSite } from './running-collector.ts';

const timeout = 120_000;
const named = '<<<check_mk>>>\n<<<local:sep(0)>>>\n0 "Agent courier" - all fine\n';

test('they are told when they begin, in the report each time, and the report is kept out of the spool', {
  timeout,
}, async (t) => {
  const site = await makeSite(t);
  site.writeRoutes(
    `routes: [{ hosts: web01, sources: '${join(site.root, 'drops')}/{host}', every: 1s, report: true, maxAge: 1h }]`,
  );
  const lossy = `banner\n${named}`;
  site.drop('web01', lossy);
  await site.start();
  const ask = () => site.ask('web01').stdout;
  const report = (count: number) => new RegExp(`\\n1 "Agent courier" age=.*, ${count} loss`);
  await site.until(() => report(1).test(ask()));
  assert.ok(ask().startsWith(lossy));
  assert.match(ask(), /has this name, too, and does not count\n<<<>>>\n$/);
  const first = ask();
  await site.until(() => report(1).test(ask()) && ask() !== first);
  const more = `${lossy}<<<hyper-v_node>>>\n`;
  site.drop('web01', more);
  await site.until(() => report(2).test(ask()));
  // What lies ready goes into the spool before a fault takes its place.
  site.drop('web01', '<html>');
  await site.until(() => !ask().includes('banner'));
  const { stderr } = await site.end('SIGTERM');
  const told = stderr.split('\n').filter((line) => line.includes('on some sites'));
  assert.equal(told.length, 2, stderr);
  const directory = join(site.root, 'var/cmk-courier/spool');
  const kept = await readSpooled(directory, parseHostName('web01'), {
    log: makeCollectingLog(),
    clock: systemClock,
  });
  assert.equal(kept?.output.toString(), more);
});
