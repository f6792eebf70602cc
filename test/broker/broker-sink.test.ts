import assert from 'node:assert/strict';
import { chmod, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { BrokerSink, type BrokerWriter } from '../../src/broker/broker-sink.ts';
import { WaitingOutputs } from '../../src/broker/waiting-outputs.ts';
import { systemClock } from '../../src/clock.ts';
import { CourierError, type FaultCode } from '../../src/faults/errors.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { namesOf, shardOf } from '../../src/spool/names.ts';
import type { Produced } from '../../src/spool/newest.ts';
import type { NewOutput } from '../../src/spool/record.ts';
import { neverAborts } from '../../src/system/never-aborts.ts';
import { type CollectingLog, makeCollectingLog } from '../helpers/collecting-log.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitUntil } from '../helpers/wait-until.ts';

/** A broker that can be away, and keeps the newest of each host otherwise. */
class Broker implements BrokerWriter {
  fault: FaultCode | undefined;
  readonly stored = new Map<string, string>();
  /** Of this host nothing is taken, of all others everything. */
  refused: string | undefined;
  attempts = 0;

  async write({ host, output }: NewOutput): Promise<Produced | undefined> {
    this.attempts += 1;
    await Promise.resolve();
    if (host === this.refused) throw new CourierError('REFUSED', 'not this one');
    if (this.fault !== undefined) throw new CourierError(this.fault, 'away');
    this.stored.set(host, output.toString());
    return undefined;
  }
}

interface Sink {
  readonly sink: BrokerSink;
  readonly waiting: WaitingOutputs | undefined;
  readonly log: CollectingLog;
}

async function openSink(t: TestContext, writer: Broker, directory?: string): Promise<Sink> {
  const [log, clock] = [makeCollectingLog(), systemClock];
  const limits = { maxBytes: 1e9, maxHosts: 1000, maxSkewMs: 60_000 };
  const waiting =
    directory === undefined
      ? undefined
      : await WaitingOutputs.open({ directory, ...limits, clock, log });
  const sink = new BrokerSink({
    writer,
    waiting,
    patienceMs: 3000,
    clock,
    log,
    signal: neverAborts,
  });
  t.after(() => sink.stop());
  sink.start();
  return { sink, waiting, log };
}

function toOutput(name: string, text: string, ageS = 0): NewOutput {
  const host = parseHostName(name);
  const at = new Date(Date.now() - ageS * 1000);
  return { host, output: Buffer.from(text), producedAt: at, receivedAt: at, origin: 'upload test' };
}

test('while the broker is away outputs wait on disk, and the newest of each host follows', async (t) => {
  const broker = new Broker();
  const { sink, waiting, log } = await openSink(t, broker, await makeTempDir(t));
  await sink.put(toOutput('web01', 'before', 9));
  broker.fault = 'UNREACHABLE';
  await sink.put(toOutput('web01', 'meanwhile', 8));
  await sink.put(toOutput('web01', 'last', 7));
  await sink.put(toOutput('web02', 'other', 7));
  assert.equal(waiting?.count, 2);
  assert.equal(sink.findTrouble(), undefined);
  broker.fault = undefined;
  await waitUntil(() => waiting?.count === 0);
  assert.deepEqual(
    [...broker.stored],
    [
      ['web01', 'last'],
      ['web02', 'other'],
    ],
  );
  assert.equal(sink.forwarded, 2);
  assert.deepEqual(log.lines, [
    "warn the broker is away, outputs wait on disk: away { code: 'UNREACHABLE' }",
    'info the broker is back {}',
  ]);
});

test('a host of which the broker takes nothing holds up no other', async (t) => {
  const broker = new Broker();
  const { sink, waiting } = await openSink(t, broker, await makeTempDir(t));
  broker.fault = 'UNREACHABLE';
  broker.refused = 'web01';
  await sink.put(toOutput('web01', 'refused', 9));
  for (const name of ['web02', 'web03']) await sink.put(toOutput(name, 'other', 7));
  broker.fault = undefined;
  await waitUntil(() => waiting?.count === 1);
  assert.deepEqual([...broker.stored.keys()], ['web02', 'web03']);
  broker.refused = undefined;
  await waitUntil(() => waiting?.count === 0);
});

test('what waits is known on disk: another process forwards it', async (t) => {
  const broker = new Broker();
  broker.fault = 'TIMEOUT';
  const directory = await makeTempDir(t);
  const first = await openSink(t, broker, directory);
  await first.sink.put(toOutput('web01', 'kept'));
  await first.sink.stop();
  broker.fault = undefined;
  const second = await openSink(t, broker, directory);
  await waitUntil(() => second.waiting?.count === 0);
  assert.equal(broker.stored.get('web01'), 'kept');
});

test('what a broker refuses for its own reasons waits as well; what is wrong with an output is told', async (t) => {
  const broker = new Broker();
  const { sink, waiting } = await openSink(t, broker, await makeTempDir(t));
  broker.fault = 'TOO_LARGE';
  await expectFault(sink.put(toOutput('web01', 'x')), 'TOO_LARGE', /^away$/);
  assert.equal(waiting?.count, 0);
  broker.fault = 'REFUSED';
  await sink.put(toOutput('web01', 'x'));
  assert.equal(waiting?.count, 1);
});

test('what can never be stored is dropped of what waits, and said', async (t) => {
  const broker = new Broker();
  broker.fault = 'PEER';
  const { sink, waiting, log } = await openSink(t, broker, await makeTempDir(t));
  await sink.put(toOutput('web01', 'x'));
  broker.fault = 'TOO_LARGE';
  await waitUntil(() => waiting?.count === 0);
  assert.equal(
    log.lines.at(1),
    "warn what waited for the broker is dropped: away { host: 'web01', code: 'TOO_LARGE' }",
  );
});

test('with the broker only, outputs are refused while it is away, and that is trouble', async (t) => {
  const broker = new Broker();
  const { sink } = await openSink(t, broker);
  broker.fault = 'PEER';
  await expectFault(sink.put(toOutput('web01', 'x')), 'LOCAL', /^away$/);
  assert.equal(sink.findTrouble(), 'the broker is away: away');
  broker.fault = undefined;
  await sink.put(toOutput('web01', 'x'));
  assert.equal(sink.findTrouble(), undefined);
});

test('newer output that comes while an older one is forwarded goes on waiting', async (t) => {
  const broker = new Broker();
  broker.fault = 'PEER';
  const { sink, waiting } = await openSink(t, broker, await makeTempDir(t));
  await sink.put(toOutput('web01', 'old', 5));
  const held = Promise.withResolvers<void>();
  let isHeld = false;
  const write = broker.write.bind(broker);
  broker.write = async (output) => {
    if (output.output.toString() === 'old' && !isHeld) {
      isHeld = true;
      await held.promise;
    }
    return write(output);
  };
  await waitUntil(() => isHeld);
  await sink.put(toOutput('web01', 'new', 1));
  broker.fault = undefined;
  held.resolve();
  await waitUntil(() => waiting?.count === 0);
  assert.equal(broker.stored.get('web01'), 'new');
});

test('what waits goes out without a write to the disk for each host, and one that cannot be read holds up no other', async (t) => {
  const broker = new Broker();
  broker.fault = 'PEER';
  const directory = await makeTempDir(t);
  const { sink, waiting, log } = await openSink(t, broker, directory);
  const names = Array.from({ length: 100 }, (_, index) => `web${index}`);
  const barred = shardOf(parseHostName('web0'));
  await sink.put(toOutput('web0', 'x', 9));
  await Promise.all(names.map((name) => sink.put(toOutput(name, 'x', 9))));
  const before = waiting?.statistics.fsyncs;
  // Others might have put anything there.
  await chmod(join(directory, barred), 0o777);
  broker.fault = undefined;
  const held = names.filter((name) => shardOf(parseHostName(name)) === barred);
  await waitUntil(() => waiting?.count === held.length);
  assert.equal(waiting?.statistics.fsyncs, before);
  // Several passes, and each is told once.
  const told = () => log.lines.filter((line) => line.includes("code: 'CONFIG'"));
  const { attempts } = broker;
  await waitUntil(() => told().length === held.length);
  await sleep(700);
  assert.equal(told().length, held.length);
  assert.equal(broker.attempts, attempts);
  await chmod(join(directory, barred), 0o700);
  await waitUntil(() => waiting?.count === 0);
  assert.equal(broker.stored.size, names.length);
});

test('where the newest that waits is torn the one before it is sent once, and it is told once', async (t) => {
  const broker = new Broker();
  broker.fault = 'PEER';
  const directory = await makeTempDir(t);
  const { sink, waiting, log } = await openSink(t, broker, directory);
  await sink.put(toOutput('web01', 'whole', 9));
  await sink.put(toOutput('web01', 'torn', 8));
  const shard = join(directory, shardOf(parseHostName('web01')));
  const [newest = ''] = namesOf(parseHostName('web01'), await readdir(shard));
  await writeFile(join(shard, newest), 'something else');
  const { attempts } = broker;
  broker.fault = undefined;
  await waitUntil(() => waiting?.count === 0);
  assert.equal(broker.stored.get('web01'), 'whole');
  assert.ok(broker.attempts - attempts <= 2, 'an attempt may have been under way');
  assert.deepEqual(await readdir(shard), []);
  assert.equal(log.lines.filter((line) => line.includes('is torn or foreign')).length, 1);
});

test('what waits is not forgotten when the clock is set back: it follows when its time has come', async (t) => {
  const [broker, clock, log] = [new Broker(), new FakeClock(), makeCollectingLog()];
  broker.fault = 'PEER';
  const limits = { maxBytes: 1e9, maxHosts: 1000, maxSkewMs: 3_600_000 };
  const directory = await makeTempDir(t);
  const waiting = await WaitingOutputs.open({ directory, ...limits, clock, log });
  const settings = { writer: broker, waiting, patienceMs: 3000, clock, log, signal: neverAborts };
  const sink = new BrokerSink(settings);
  t.after(() => sink.stop());
  sink.start();
  await sink.put({ ...toOutput('web01', 'x'), producedAt: new Date(clock.now() + 1_800_000) });
  clock.step(-3_600_000);
  const passSeconds = async () => {
    for (let turn = 0; turn < 20; turn += 1) {
      clock.advance(1000);
      await setImmediate();
    }
  };
  // What was under way ends.
  await passSeconds();
  broker.fault = undefined;
  const { attempts } = broker;
  await passSeconds();
  assert.deepEqual([broker.attempts - attempts, waiting.count], [0, 1]);
  clock.step(3_600_000);
  await waitUntil(() => {
    clock.advance(1000);
    return waiting.count === 0;
  });
  assert.equal(broker.stored.get('web01'), 'x');
});

test('what another process puts beside ours while ours is forwarded stays', async (t) => {
  const directory = await makeTempDir(t);
  const settings = { directory, maxBytes: 1e9, maxHosts: 1000, maxSkewMs: 60_000 };
  const context = { clock: systemClock, log: makeCollectingLog() };
  const [ours, theirs] = await Promise.all([
    WaitingOutputs.open({ ...settings, ...context }),
    WaitingOutputs.open({ ...settings, ...context }),
  ]);
  t.after(() => Promise.all([ours.close(), theirs.close()]));
  await ours.put(toOutput('web01', 'old', 5));
  const host = parseHostName('web01');
  const sent = await ours.lookAt(host);
  await theirs.put(toOutput('web01', 'new', 1));
  assert.equal(await ours.remove(host, sent), true);
  const left = await theirs.lookAt(host);
  assert.equal(left.output?.output.toString(), 'new');
  await ours.put(toOutput('web01', 'again', 3));
  assert.equal(await ours.remove(host, left), true, 'what was sent is newer than ours');
});
