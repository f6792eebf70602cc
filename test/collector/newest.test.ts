/** The newest produced is served, whatever comes later. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runCycle } from '../../src/collector/cycle.ts';
import { Entry } from '../../src/collector/entry.ts';
import { Outlets } from '../../src/collector/outlets.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { ReadyDirectory } from '../../src/ready/ready-directory.ts';
import { systemUptime } from '../../src/ready/uptime.ts';
import { Spool } from '../../src/spool/spool.ts';
import { withTransport } from '../../src/transports/transport.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { defaultRules } from '../helpers/output-rules.ts';
import { delivers, goodOutput, makeStep } from '../helpers/scripted-transport.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { makeRoute } from './routes.ts';

const host = parseHostName('web01');
const target = { host, address: undefined };
const startMs = Date.UTC(2026, 0, 1, 12);

/** Of a route with a report or without. */
interface Ask {
  readonly report?: 'none' | 'local';
}

/** A collector of one host, whose source has what a test says. */
async function makeCollector(
  t: TestContext,
  directory: string,
  clock: FakeClock,
  maxSkewMs = 60_000,
) {
  const log = makeCollectingLog();
  const context = { ...makeCommandContext(), clock };
  const readyDirectory = join(directory, 'ready');
  const ready = ReadyDirectory.open({ directory: readyDirectory, clock, uptime: systemUptime() });
  const spoolDirectory = join(directory, 'spool');
  const bounds = { maxBytes: 1e9, maxHosts: 10, isDurable: false };
  const spool = await Spool.open({ directory: spoolDirectory, log, clock, ...bounds });
  t.after(() => spool.close());
  const route = makeRoute(['*'], 'https://depot/{host}', { maxSkewMs });
  const flags = { isAsked: false, isToRenew: false, peers: [] };
  const entry = new Entry({ target, tags: [], ...flags, route, everyMs: 60_000 }, 0);
  const calls: string[] = [];
  const shared = { context, log, ready, spool, spoolDirectory };
  const hooks = { chance: () => 0.5, noteLaid: () => undefined, noteKept: () => undefined };
  const outlets = new Outlets([], log);
  /** One cycle: the source has output produced so many seconds after the start. */
  const collect = async (seconds: number, { report = 'none' }: Ask = {}): Promise<string> => {
    const producedAt = new Date(startMs + seconds * 1000);
    const step = makeStep('http', delivers({ output: outputOf(seconds), producedAt }), calls);
    const rules = {
      with: [],
      steps: [step],
      rules: defaultRules,
      deadlineMs: 5000,
      timeoutMs: undefined,
    };
    const way = { lend: withTransport, pick: 'first', graceMs: 0, report } as const;
    await runCycle(entry, {
      ...shared,
      ...hooks,
      outlets,
      prepare: async () => ({ ...rules, ...way }),
    });
    return ready.readBack(host)?.toString() ?? '';
  };
  return { collect, calls, log, entry };
}

const outputOf = (seconds: number) => Buffer.from(`${goodOutput}${seconds}\n`);
const shown = (seconds: number) => outputOf(seconds).toString();
const iso = (seconds: number) => new Date(startMs + seconds * 1000).toISOString();

test('older output after newer is acknowledged and dropped with a word in the log', async (t) => {
  const clock = new FakeClock(startMs);
  const { collect, calls, log, entry } = await makeCollector(t, await makeTempDir(t), clock);
  assert.equal(await collect(-10), shown(-10));
  clock.advance(60_000);
  assert.equal(await collect(-100), shown(-10));
  assert.equal(calls.filter((call) => call === 'http acknowledge').length, 2);
  assert.equal(entry.lastGood?.producedAtMs, startMs - 10_000);
  const [line = ''] = log.lines;
  const there = `there is one of ${iso(-10)} (collector http http's output)`;
  assert.equal(
    line,
    `info older output dropped: produced ${iso(-100)}, ${there} { host: 'web01' }`,
  );
  clock.advance(60_000);
  assert.equal(await collect(50), shown(50));
});

test('what came before both clocks were set back does not hide what comes now', async (t) => {
  const clock = new FakeClock(startMs);
  const { collect } = await makeCollector(t, await makeTempDir(t), clock, 7_200_000);
  assert.equal(await collect(-10), shown(-10));
  clock.step(-3_600_000);
  for (const seconds of [-3605, -3545, -3485]) {
    assert.equal(await collect(seconds), shown(seconds));
    clock.advance(60_000);
  }
});

test('output that seems a second older, as of times in whole seconds, is no older output', async (t) => {
  const clock = new FakeClock(startMs);
  const { collect, log } = await makeCollector(t, await makeTempDir(t), clock);
  await collect(-10);
  clock.advance(60_000);
  assert.equal(await collect(-11), shown(-11));
  assert.deepEqual(log.lines, []);
  clock.advance(60_000);
  assert.equal(await collect(-13), shown(-10));
});

test('what is newer and only lies ready wins as well, and says so in its report', async (t) => {
  const clock = new FakeClock(startMs);
  const { collect } = await makeCollector(t, await makeTempDir(t), clock);
  await collect(-50);
  clock.advance(30_000);
  await collect(25);
  clock.advance(30_000);
  const ready = await collect(0, { report: 'local' });
  assert.match(
    ready,
    /"Agent courier" .* output is 35s old, from .*; http http's output has older/,
  );
  assert.ok(ready.includes(shown(25)), ready);
  assert.ok(ready.endsWith(shown(25)), ready);
});

test('what is newer but too old itself is no better than what comes', async (t) => {
  const clock = new FakeClock(startMs);
  const { collect } = await makeCollector(t, await makeTempDir(t), clock);
  await collect(0);
  clock.advance(360_000);
  assert.equal(await collect(100), shown(100));
});

test('a collector that is started anew goes by what is in the spool', async (t) => {
  const directory = await makeTempDir(t);
  const clock = new FakeClock(startMs);
  const first = await makeCollector(t, directory, clock);
  await first.collect(-10);
  clock.advance(60_000);
  const second = await makeCollector(t, directory, clock);
  assert.equal(await second.collect(-100), shown(-10));
  assert.equal(await second.collect(20), shown(20));
});
