/** What hangs on the collector hears how each cycle ended. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { Collector } from '../../src/collector/collector.ts';
import type { CycleEnd, Outlet } from '../../src/collector/outlets.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitUntil } from '../helpers/wait-until.ts';

/** Copies what is lent. */
class Listener implements Outlet {
  readonly name = 'a listener';
  readonly heard: (CycleEnd & { readonly text: string })[] = [];

  cycleEnded(end: CycleEnd): void {
    const text = end.kind === 'output' ? Buffer.concat(end.parts).toString() : end.line;
    this.heard.push({ ...end, text });
  }

  about(host: string) {
    return this.heard.find((end) => end.host === host);
  }
}

test('an outlet hears of output with all that is added, and of faults; one that fails harms nobody', async (t) => {
  const directory = await makeTempDir(t);
  const good = '<<<check_mk>>>\nVersion: 2.4.0\n';
  const more = '<<<df>>>\n/dev/sda1 ext4 1 1 1 1% /\n';
  writeFileSync(join(directory, 'web01'), good);
  writeFileSync(join(directory, 'more'), more);
  const routesPath = join(directory, 'routes.yaml');
  const rest = 'every: 1s, maxAge: 1h';
  const beside = `with: ['${directory}/more']`;
  writeFileSync(
    routesPath,
    `routes: [{ name: all, hosts: [web01, web02], sources: '${directory}/{host}', ${beside}, ${rest} }]`,
  );
  const log = makeCollectingLog();
  const listener = new Listener();
  const clumsy = {
    name: 'a clumsy one',
    cycleEnded: () => {
      throw new Error('no hands');
    },
  };
  const collector = new Collector(
    {
      ...{ routesPath, readyDirectory: join(directory, 'ready') },
      ...{ spoolDirectory: join(directory, 'spool'), maxSpoolBytes: 1e9, maxSpoolHosts: 10 },
      outlets: [clumsy, listener],
    },
    { ...makeCommandContext(), clock: systemClock, log, env: process.env },
  );
  t.after(() => collector.stop());
  await collector.start();
  await waitUntil(() => [1, 2].every((n) => listener.about(`web0${n}`) !== undefined));
  await collector.stop();
  const { durationMs: _, nextMs, ...heard } = listener.about('web01') ?? {};
  assert.ok(nextMs !== undefined && nextMs > 1000);
  assert.ok('producedAt' in heard);
  const { parts: __, producedAt, ...rested } = heard;
  assert.ok(Date.now() - producedAt.getTime() < 600_000);
  assert.deepEqual(rested, {
    ...{ host: 'web01', route: 'all', everyMs: 1000, maxAgeMs: 3_600_000, kind: 'output' },
    ...{ source: `file ${directory}/web01`, losses: '', sealedBy: undefined },
    ...{ drop: undefined, isFormer: false },
    text: `${good}<<<>>>\n${more}`,
  });
  const { kind, text } = listener.about('web02') ?? {};
  const line = `cmk-courier: file: web02: there is no ${directory}/web02 (NO_OUTPUT)`;
  assert.deepEqual({ kind, text }, { kind: 'fault', text: line });
  assert.ok(log.lines.some((told) => told.includes('telling a clumsy one of a cycle: no hands')));
});
