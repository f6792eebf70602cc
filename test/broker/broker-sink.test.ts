import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { BrokerSink, type BrokerWriter } from '../../src/broker/broker-sink.ts';
import { WaitingOutputs } from '../../src/broker/waiting-outputs.ts';
import { systemClock } from '../../src/clock.ts';
import { CourierError, type FaultCode } from '../../src/faults/errors.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import type { Produced } from '../../src/spool/newest.ts';
import type { NewOutput } from '../../src/spool/record.ts';
import { neverAborts } from '../../src/system/never-aborts.ts';
import { type CollectingLog, makeCollectingLog } from '../helpers/collecting-log.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitUntil } from '../helpers/wait-until.ts';

/** A broker that can be away, and keeps the newest of each host otherwise. */
class Broker implements BrokerWriter {
  fault: FaultCode | undefined;
  readonly stored = new Map<string, string>();
  attempts = 0;

  async write({ host, output }: NewOutput): Promise<Produced | undefined> {
    this.attempts += 1;
    await Promise.resolve();
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
