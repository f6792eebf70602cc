/** The history of a day: against a simple model, and across its file. */

import assert from 'node:assert/strict';
import { chmod, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseHostName } from '../../../src/names/host-name.ts';
import {
  fromDurationByte,
  toDurationByte,
} from '../../../src/status-page/history/duration-byte.ts';
import { History } from '../../../src/status-page/history/history.ts';
import { HistoryOutlet } from '../../../src/status-page/history/history-outlet.ts';
import { HostHistory, hostStepMs } from '../../../src/status-page/history/host-history.ts';
import { PushedHosts } from '../../../src/status-page/history/pushed-hosts.ts';
import { SeriesHistory } from '../../../src/status-page/history/series-history.ts';
import { makeCollectingLog } from '../../helpers/collecting-log.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

const startMs = Date.parse('2026-03-29T00:00:00Z');
const steps = 96;

test('a duration in a byte is right to within 4 %, and never goes down as it grows', () => {
  let before = 0;
  for (let seconds = 0.01; seconds < 604_800; seconds *= 1.01) {
    const byte = toDurationByte(seconds);
    const back = fromDurationByte(byte) ?? -1;
    assert.ok(Math.abs(back - seconds) / (seconds + 0.01) < 0.04, `${seconds} → ${back}`);
    assert.ok(byte >= before);
    before = byte;
  }
  assert.equal(fromDurationByte(toDurationByte(0)), 0);
  assert.equal(fromDurationByte(0), null);
  assert.equal(toDurationByte(1e12), 255);
  assert.equal(toDurationByte(-5), 1);
});

test('a quarter of an hour keeps the highest age, the longest cycle, and that one failed', () => {
  const history = new HostHistory();
  history.note('web01', { producedAtMs: startMs, durationMs: 500 }, startMs + 1000);
  history.note('web01', { producedAtMs: undefined, durationMs: 20_000 }, startMs + 61_000);
  history.note('web01', { producedAtMs: startMs + 110_000, durationMs: 100 }, startMs + 120_000);
  const series = history.series('web01', startMs + 130_000);
  assert.equal(series?.startMs, startMs - (steps - 1) * hostStepMs);
  assert.equal(series?.stepMs, hostStepMs);
  const last = [series?.ages, series?.durations, series?.faulty].map((all) => all?.at(-1));
  assert.ok(Math.abs(Number(last[0]) - 120) < 5);
  assert.ok(Math.abs(Number(last[1]) - 20) < 1);
  assert.equal(last[2], true);
  assert.deepEqual(new Set(series?.ages.slice(0, -1)), new Set([null]));
  assert.equal(history.series('web02', startMs), undefined);
});

/** What happens to a history, and the same kept in the simplest way. */
const happenings = fc.array(
  fc.record({
    host: fc.constantFrom('a', 'b', 'c', 'd'),
    kind: fc.constantFrom('good', 'good', 'fault', 'forget'),
    // Also backwards, and beyond a day.
    laterSteps: fc.oneof(fc.integer({ min: -3, max: 8 }), fc.constantFrom(95, 96, 97, 500, -500)),
  }),
  { maxLength: 60 },
);

test('whatever happens in whatever order, it shows what a plain list would', () => {
  fc.assert(
    fc.property(happenings, (list) => {
      const history = new HostHistory();
      const model = new Map<string, Map<number, boolean>>();
      let [step, newest] = [Math.floor(startMs / hostStepMs), -Infinity];
      for (const { host, kind, laterSteps } of list) {
        step += laterSteps;
        if (kind === 'forget') {
          history.forget(host);
          model.delete(host);
          continue;
        }
        if (step <= newest - steps) for (const seen of model.values()) seen.clear();
        newest = step <= newest - steps ? step : Math.max(newest, step);
        const nowMs = step * hostStepMs;
        const isGood = kind === 'good';
        history.note(host, { producedAtMs: isGood ? nowMs : undefined, durationMs: 1000 }, nowMs);
        const seen = model.get(host) ?? new Map<number, boolean>();
        model.set(host, seen.set(step, (seen.get(step) ?? false) || !isGood));
      }
      for (const [host, seen] of model) {
        const series = history.series(host, newest * hostStepMs);
        const expected = Array.from({ length: steps }, (_, index) =>
          seen.get(newest - steps + 1 + index),
        );
        assert.deepEqual(
          series?.faulty,
          expected.map((one) => one ?? false),
        );
        assert.deepEqual(
          series?.durations.map((one) => one !== null),
          expected.map((one) => one !== undefined),
        );
      }
      assert.equal(history.size, model.size);
    }),
    { numRuns: 300 },
  );
});

test('it hears of cycles as they end', () => {
  const clock = new FakeClock();
  const hosts = new HostHistory();
  const outlet = new HistoryOutlet(hosts, clock);
  const host = parseHostName('web01');
  const always = { host, route: 'all', everyMs: 60_000, maxAgeMs: 1, nextMs: 1, durationMs: 100 };
  const fault = { kind: 'fault', code: 'TIMEOUT', line: 'no answer' } as const;
  outlet.cycleEnded({ ...always, ...fault });
  assert.equal(hosts.series('web01', clock.now())?.faulty.at(-1), true);
  outlet.hostGone(host);
  assert.equal(hosts.size, 0);
});

test('figures by the minute; names that never end are not all kept', () => {
  const history = new SeriesHistory();
  for (let index = 0; index < 300; index += 1) {
    history.note({ [`name ${index}`]: index, unknown: undefined }, startMs);
  }
  history.note({ 'name 0': 7 }, startMs + 2 * 60_000);
  const { values, startMs: first } = history.series('name 0', startMs + 2 * 60_000);
  assert.deepEqual([values.length, first], [1440, startMs - 1437 * 60_000]);
  assert.deepEqual(values.slice(-4), [null, 0, null, 7]);
  assert.deepEqual(new Set(history.series('name 299', startMs).values), new Set([null]));
  assert.deepEqual(new Set(history.series('unknown', startMs).values), new Set([null]));
});

test('it is there again after a restart; damaged or cut off, it begins anew and says so', async (t) => {
  const path = join(await makeTempDir(t), 'history');
  const log = makeCollectingLog();
  const history = await History.load(path, log);
  for (let index = 0; index < 500; index += 1) {
    history.hosts.note(`höst-${index}`, { producedAtMs: startMs, durationMs: index }, startMs);
  }
  history.hosts.forget('höst-7');
  history.series.note({ memory: 123, other: 0.5 }, startMs);
  await Promise.all([history.save(), history.save()]);
  const again = await History.load(path, log);
  assert.equal(again.hosts.size, 499);
  for (const host of ['höst-0', 'höst-7', 'höst-499']) {
    assert.deepEqual(again.hosts.series(host, startMs), history.hosts.series(host, startMs));
  }
  for (const name of ['memory', 'other']) {
    assert.deepEqual(again.series.series(name, startMs), history.series.series(name, startMs));
  }
  again.hosts.note('another', { producedAtMs: startMs, durationMs: 1 }, startMs);
  assert.equal(again.hosts.size, 500);
  assert.deepEqual(log.lines, []);

  const bytes = await readFile(path);
  const flipped = Buffer.from(bytes);
  flipped.writeUInt8(flipped.readUInt8(flipped.length >> 1) ^ 1, flipped.length >> 1);
  await writeFile(path, flipped);
  assert.equal((await History.load(path, log)).hosts.size, 0);
  await writeFile(path, bytes);
  await truncate(path, bytes.length - 1000);
  assert.equal((await History.load(path, log)).hosts.size, 0);
  await writeFile(path, '');
  assert.equal((await History.load(path, log)).hosts.size, 0);
  assert.equal(log.lines.length, 3);
});

test('a file that others may change is not believed', async (t) => {
  const path = join(await makeTempDir(t), 'history');
  const log = makeCollectingLog();
  const history = await History.load(path, log);
  history.hosts.note('web01', { producedAtMs: startMs, durationMs: 1 }, startMs);
  await history.save();
  await chmod(path, 0o666);
  assert.equal((await History.load(path, log)).hosts.size, 0);
  assert.match(log.lines.join('\n'), /^warn the history of the status page begins anew: .*others/);
});

test('hosts of which a day knows nothing are not kept over a restart', async (t) => {
  const path = join(await makeTempDir(t), 'history');
  const log = makeCollectingLog();
  const history = await History.load(path, log);
  const note = { producedAtMs: startMs, durationMs: 1000 };
  history.hosts.note('gone', note, startMs);
  history.hosts.note('here', note, startMs);
  history.hosts.note('here', note, startMs + 25 * 3_600_000);
  assert.equal(history.hosts.size, 2);
  await history.save();
  const again = await History.load(path, log);
  assert.deepEqual([again.hosts.size, again.hosts.toKept().hosts], [1, ['', 'here']]);
});

test('of hosts that push the age is known as output comes and while they are silent, and no cycle', async () => {
  const clock = new FakeClock(startMs);
  const history = new HostHistory(undefined, 2);
  const pushed = new PushedHosts(history, clock);
  const [host, origin] = [parseHostName('web01'), 'upload token-1'];
  const near = (value: number | null | undefined, seconds: number) =>
    assert.ok(Math.abs(Number(value) - seconds) < seconds * 0.04, `${value}`);
  const agesOf = (name: string) => history.series(name, clock.now())?.ages;

  pushed.arrived({ host, producedAt: new Date(startMs - 10_000), origin });
  near(agesOf('web01')?.at(-1), 10);
  clock.advance(50_000);
  // The one before was a minute old when this came.
  pushed.arrived({ host, producedAt: new Date(clock.now()), origin });
  near(agesOf('web01')?.at(-1), 60);

  const receivedAt = new Date(clock.now());
  const summary = { host, origin, bytes: 1, producedAt: receivedAt, receivedAt };
  const ofCollector = { ...summary, host: parseHostName('db01'), origin: 'collector tcp://db01' };
  clock.advance(2 * hostStepMs);
  await pushed.look([summary, ofCollector]);
  near(agesOf('web01')?.at(-1), (2 * hostStepMs) / 1000);
  assert.equal(agesOf('web01')?.at(-2), null);
  assert.equal(agesOf('db01'), undefined);
  assert.deepEqual(new Set(history.series('web01', clock.now())?.durations), new Set([null]));

  for (const name of ['a', 'b', 'c']) {
    await pushed.look([{ ...summary, host: parseHostName(name) }]);
  }
  assert.equal(history.size, 2);
  // Nothing was heard of them for a day: others have their room.
  clock.advance(25 * 3_600_000);
  await pushed.look([]);
  assert.equal(history.size, 0);
});
