import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Clock, systemClock } from '../../src/clock.ts';
import { CourierError } from '../../src/faults/errors.ts';
import {
  type LastValue,
  type LastValues,
  NewestWriter,
  type Published,
  type StreamValue,
} from '../../src/nats/newest-writer.ts';
import { neverAborts } from '../../src/system/never-aborts.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const nowMs = Date.UTC(2026, 5, 1);
const subject = 'courier.mysite.output.web01';

/** What happens to one attempt: it counts or not, and the writer hears of it or not. */
type Luck = 'heard' | 'answer lost' | 'never arrived' | 'conflict';

/** A stream in memory that does to its writers what brokers do. */
class Stream implements LastValues<StreamValue> {
  #last: (LastValue & { readonly id: string }) | undefined;
  #sequence = 0;
  readonly #lucks: Luck[];
  readonly #ids = new Set<string>();
  questions = 0;

  constructor(lucks: readonly Luck[] = []) {
    this.#lucks = [...lucks];
  }

  get digest(): string | undefined {
    return this.#last?.digest;
  }

  async publish(value: StreamValue, expected: number, repeats: number): Promise<Published> {
    const luck = this.#lucks.shift() ?? 'heard';
    await Promise.resolve();
    if (luck === 'never arrived') throw new CourierError('TIMEOUT', 'no answer');
    const id = `${value.id} ${repeats}`;
    if (this.#ids.has(id)) return { kind: 'repeated' };
    if (luck === 'conflict' || expected !== (this.#last?.sequence ?? 0))
      return { kind: 'conflict' };
    this.set(value, id);
    if (luck === 'answer lost') throw new CourierError('TIMEOUT', 'no answer');
    return { kind: 'stored', sequence: this.#sequence };
  }

  set({ producedAt, digest }: Pick<LastValue, 'producedAt' | 'digest'>, id: string): void {
    this.#sequence += 1;
    this.#ids.add(id);
    this.#last = { sequence: this.#sequence, producedAt, digest, id };
  }

  empty(): void {
    this.#last = undefined;
  }

  /** What a server still has, and hides. */
  hidden: LastValue | undefined;

  async first(): Promise<LastValue | undefined> {
    return this.hidden ?? this.#last;
  }

  async remove(sequence: number): Promise<void> {
    if (this.hidden?.sequence === sequence) this.hidden = undefined;
  }

  async last(): Promise<LastValue | undefined> {
    this.questions += 1;
    await Promise.resolve();
    return this.#last;
  }
}

/** Time stands still, and no pause takes any. */
const clock: Clock = { ...systemClock, now: () => nowMs, sleep: async () => undefined };

function makeWriter(stream: Stream, useClock: Clock = clock): NewestWriter<StreamValue> {
  return new NewestWriter(stream, { clock: useClock, maxSkewMs: 60_000 });
}

function toValue(producedS: number, digest = `digest of ${producedS}`): StreamValue {
  const producedAt = new Date(nowMs + producedS * 1000);
  return { subject, producedAt, digest, id: `web01 ${producedS} ${digest}` };
}

test('a writer asks for the last value once, and then publishes on what it knows', async () => {
  const stream = new Stream();
  const writer = makeWriter(stream);
  for (const producedS of [-30, -20, -10]) {
    assert.deepEqual(await writer.write(toValue(producedS), neverAborts), { kind: 'stored' });
  }
  assert.equal(stream.questions, 1);
  assert.deepEqual(writer.counts, { stored: 3, conflicts: 0, older: 0, again: 0, lost: 0 });
});

test('an older output is dropped and counted; the newer one is named', async () => {
  const stream = new Stream();
  await makeWriter(stream).write(toValue(-10), neverAborts);
  const writer = makeWriter(stream);
  const written = await writer.write(toValue(-20), neverAborts);
  assert.deepEqual(written, { kind: 'older', producedAt: new Date(nowMs - 10_000) });
  assert.equal(stream.digest, 'digest of -10');
  assert.equal(writer.counts.older, 1);
});

test('another writer was quicker: its value is looked at, and the newer of both stays', async () => {
  const stream = new Stream();
  const [first, second] = [makeWriter(stream), makeWriter(stream)];
  await first.write(toValue(-30), neverAborts);
  await second.write(toValue(-20), neverAborts);
  assert.deepEqual(await first.write(toValue(-10), neverAborts), { kind: 'stored' });
  assert.deepEqual((await second.write(toValue(-15), neverAborts)).kind, 'older');
  assert.equal(stream.digest, 'digest of -10');
  assert.equal(first.counts.conflicts, 1);
});

test('a value from the future is nobody’s newest, and does not shut the host out', async () => {
  const stream = new Stream();
  stream.set({ producedAt: new Date(Date.UTC(2099, 0, 1)), digest: 'of 2099' }, 'x');
  await makeWriter(stream).write(toValue(-10), neverAborts);
  assert.equal(stream.digest, 'digest of -10');
});

test('a writer takes nothing from the future', async () => {
  const writing = makeWriter(new Stream()).write(toValue(61), neverAborts);
  await expectFault(writing, 'STALE', /^the output is from 61s in the future, allowed are 60s$/);
});

test('the stream says that it had the message lately, but it is gone: it is stored again', async () => {
  const stream = new Stream();
  const writer = makeWriter(stream);
  await writer.write(toValue(-10), neverAborts);
  stream.empty();
  assert.deepEqual(await writer.write(toValue(-10), neverAborts), { kind: 'stored' });
  assert.equal(stream.digest, 'digest of -10');
});

/** What another host, or nobody, would take for its own. */
function toLast(sequence: number, producedS: number): LastValue {
  const { producedAt, digest } = toValue(producedS);
  return { sequence, producedAt, digest };
}

test('what the stream acknowledged and does not have any more is counted, and what hides it removed', async () => {
  const stream = new Stream();
  const writer = makeWriter(stream);
  await writer.write(toValue(-20), neverAborts);
  await writer.write(toValue(-15), neverAborts);
  stream.empty();
  stream.hidden = toLast(1, -20);
  assert.deepEqual(await writer.write(toValue(-10), neverAborts), { kind: 'stored' });
  assert.deepEqual([writer.counts.lost, stream.hidden], [1, undefined]);
  await writer.write(toValue(-5), neverAborts);
  assert.equal(writer.counts.lost, 1);
});

test('what another writer has written since is nothing lost, nor is it removed', async () => {
  const stream = new Stream();
  const [first, second] = [makeWriter(stream), makeWriter(stream)];
  await first.write(toValue(-20), neverAborts);
  await second.write(toValue(-15), neverAborts);
  stream.hidden = toLast(3, -15);
  await first.write(toValue(-10), neverAborts);
  assert.deepEqual([first.counts.lost, stream.hidden?.sequence], [0, 3]);
});

test('what another writer wrote into a stream that was made anew, while we asked, is not removed', async () => {
  const stream = new Stream();
  const writer = makeWriter(stream);
  for (const producedS of [-40, -35, -30]) await writer.write(toValue(producedS), neverAborts);
  stream.empty();
  stream.hidden = toLast(1, -10);
  const { producedAt } = toValue(-10);
  const written = await writer.write(toValue(-20), neverAborts);
  assert.deepEqual(written, { kind: 'older', producedAt });
  assert.deepEqual([writer.counts.lost, stream.hidden?.sequence], [0, 1]);
});

test('what is as old as that may have been forgotten by the stream: nothing was lost', async () => {
  for (const [producedS, lost] of [
    [-119, 1],
    [-121, 0],
  ] as const) {
    const stream = new Stream();
    const writer = makeWriter(stream);
    await writer.write(toValue(producedS), neverAborts);
    stream.empty();
    await writer.write(toValue(-10), neverAborts);
    assert.equal(writer.counts.lost, lost);
  }
});

test('a stream that never takes what it asked for is asked ever more seldom', async () => {
  const stream = new Stream();
  stream.publish = async () => ({ kind: 'conflict' });
  const pauses: number[] = [];
  const ended = new AbortController();
  const sleep = async (delayMs: number) => {
    if (pauses.push(delayMs) === 10) ended.abort();
  };
  const writer = makeWriter(stream, { ...clock, sleep });
  const writing = writer.write(toValue(0), ended.signal);
  await expectFault(writing, 'TIMEOUT', /^the broker was not asked in time$/);
  assert.equal(stream.questions, 310);
  assert.ok(Math.min(...pauses.slice(-4)) >= 500, `${pauses}`);
});

test('a fault that does not pass is told at once', async () => {
  const stream = new Stream();
  stream.publish = () => Promise.reject(new CourierError('TOO_LARGE', 'too large'));
  await expectFault(makeWriter(stream).write(toValue(-1), neverAborts), 'TOO_LARGE');
});

test('the last fault is told when time is over', async () => {
  const stream = new Stream();
  stream.last = () => Promise.reject(new CourierError('UNREACHABLE', 'connection lost'));
  const fake = new FakeClock(nowMs);
  const ended = new AbortController();
  const writing = makeWriter(stream, fake).write(toValue(-1), ended.signal);
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  ended.abort(new CourierError('TIMEOUT', 'time is over'));
  await expectFault(writing, 'UNREACHABLE', /^connection lost$/);
});

test('whatever gets lost on the way of two writers: what is acknowledged stays until something newer comes', async () => {
  const luck = fc.constantFrom<Luck>('heard', 'heard', 'answer lost', 'never arrived', 'conflict');
  const writes = fc.array(
    fc.record({
      writer: fc.integer({ min: 0, max: 1 }),
      producedS: fc.integer({ min: -9, max: 0 }),
    }),
    { minLength: 1, maxLength: 12 },
  );
  const property = fc.asyncProperty(
    writes,
    fc.array(luck, { maxLength: 30 }),
    async (all, lucks) => {
      const stream = new Stream(lucks);
      const writers = [makeWriter(stream), makeWriter(stream)];
      const ways = all.map(({ writer, producedS }, index) =>
        writers[writer]?.write(toValue(producedS, `${producedS} by ${index}`), neverAborts),
      );
      await Promise.all(ways);
      const newest = Math.max(...all.map(({ producedS }) => producedS));
      assert.equal(Number(stream.digest?.split(' ')[0]), newest);
    },
  );
  await fc.assert(property, { numRuns: process.env['COURIER_TEST_LONG'] ? 20_000 : 300 });
});
