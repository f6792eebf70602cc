/** What a relay makes of answers other than "taken": waits, smaller messages, and no stampede. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { parseOptions } from '../../src/cli/options.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import { openForwarder } from '../../src/forwarding/open-forwarder.ts';
import { forwardOptions } from '../../src/forwarding/options.ts';
import { Receiver } from '../../src/forwarding/receiver.ts';
import type { Bounds } from '../../src/forwarding/waiting.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { type ArrivedMessage, writeMessage } from '../../src/relay/message.ts';
import { openConnections } from '../../src/web/client.ts';
import { httpOptions } from '../../src/web/options.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { makeOpenContext } from '../helpers/open-context.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { startReceiver } from '../receiver/running-receiver.ts';
import { makeOutput, makeTokenFile, startRelay, until } from './running-relay.ts';
import { startScripted, takeAll } from './scripted-receiver.ts';

const timeout = 30_000;
const never = new AbortController().signal;
const hosts = ['far-1', 'far-2', 'far-3', 'far-4', 'far-5'];

const note = { version: '1', startedAtMs: 0, sentAtMs: 0, contactMs: 1000, hosts: 0, waiting: 0 };
const message = writeMessage({ note, entries: [] });

const namesOf = ({ entries }: ArrivedMessage) => entries.map(({ host }) => host);
const isOutput = ({ entries }: ArrivedMessage) => entries[0]?.kind === 'output';

async function spreads(t: TestContext) {
  const { certificates } = await startReceiver(t);
  const answers = [
    { status: 503, headers: { 'retry-after': '60' } },
    { status: 503 },
    { status: 503, headers: { 'retry-after': '86400' } },
  ];
  const times: number[][] = [];
  for (const answer of answers) {
    const { port } = await startScripted(t, certificates, () => answer);
    const tried = [0, 0.5, 1].map(async (chance) => {
      const ca = join(certificates.directory, 'ca.pem');
      const options = { ...parseOptions(httpOptions, { ca: [ca] }) };
      const connections = await openConnections('https', options, [], makeOpenContext());
      const [base] = parseOptions(forwardOptions, {
        forward: [`https://127.0.0.1:${port}`],
      }).forward;
      assert.ok(base);
      const clock = new FakeClock();
      const receiver = new Receiver({ base, connections, clock, chance: () => chance });
      const error = await expectFault(receiver.send(message, never), 'PEER');
      assert.match(error.message, /the peer answered 503/);
      await receiver.close();
      return receiver.tryAtMs;
    });
    times.push(await Promise.all(tried));
  }
  assert.deepEqual(times, [
    [60_000, 75_000, 90_000],
    [500, 750, 1000],
    [300_000, 375_000, 450_000],
  ]);
}

async function makesSmaller(t: TestContext) {
  const receiver = await startReceiver(t);
  const taken = new Set<string>();
  const sizes: number[] = [];
  const scripted = await startScripted(t, receiver.certificates, (message) => {
    const names = namesOf(message);
    sizes.push(names.length);
    if (names.length > 2 || (isOutput(message) && names.includes('far-3'))) return { status: 413 };
    for (const name of names) taken.add(name);
    return takeAll(message);
  });
  const relay = await startRelay(t, [scripted], {
    hosts,
    options: { tokenFile: [await makeTokenFile(receiver, ['far-*'])] },
  });
  for (const host of hosts) relay.drop(host, makeOutput(host));
  await until(() => taken.size > 3 && relay.status().refused > 0);
  const [refused] = relay.status().refusedHosts;
  assert.equal(refused?.host, 'far-3');
  assert.match(refused.message, /the peer answered 413/);
  assert.equal(relay.status().receivers[0]?.state, 'used');
  // Halves, not one by one.
  assert.ok(sizes.includes(2), sizes.join());
}

async function dividesDoubtful(t: TestContext) {
  const receiver = await startReceiver(t);
  const taken = new Set<string>();
  const scripted = await startScripted(t, receiver.certificates, (message) => {
    const names = namesOf(message);
    if (names.includes('far-1')) return { status: 400 };
    for (const name of names) taken.add(name);
    return takeAll(message);
  });
  const relay = await startRelay(t, [scripted], {
    hosts,
    options: { tokenFile: [await makeTokenFile(receiver, ['far-*'])] },
  });
  await until(() => taken.size === 4);
  assert.ok(relay.log.lines.some((line) => line.includes('the peer answered 400')));
}

async function sendsLessWhereSlow(t: TestContext) {
  const receiver = await startReceiver(t);
  let lateMs = 0;
  const clock: Clock = { ...systemClock, monotonic: () => systemClock.monotonic() + lateMs };
  const sizes: number[] = [];
  const scripted = await startScripted(t, receiver.certificates, (message) => {
    const names = new Set(namesOf(message));
    if (names.size > 0) sizes.push(names.size);
    if (names.size > 2) lateMs += 6000;
    return takeAll(message);
  });
  const options = { tokenFile: [await makeTokenFile(receiver, ['far-*'])] };
  const relay = await startRelay(t, [scripted], { hosts, options, clock });
  for (const host of hosts) relay.drop(host, makeOutput(host));
  await until(() => sizes.some((size, index) => size > 2 && index < sizes.length - 1));
  const next = sizes[sizes.findIndex((size) => size > 2) + 1] ?? 0;
  assert.ok(next <= 3, sizes.join());
}

const times = { everyMs: 60_000, maxAgeMs: 300_000, nextMs: 60_000, durationMs: 1 };
const cycle = {
  route: 'far',
  source: 'a test',
  losses: '',
  drop: undefined,
  isFormer: false,
  sealedBy: undefined,
  ...times,
};

/** A forwarder for which output of all hosts waits already. */
async function openFilled(
  t: TestContext,
  answer: Parameters<typeof startScripted>[2],
  { clock, perMessage }: { readonly clock: Clock; readonly perMessage?: Bounds },
) {
  const receiver = await startReceiver(t);
  const scripted = await startScripted(t, receiver.certificates, answer);
  const values = parseOptions(forwardOptions, {
    forward: [`https://127.0.0.1:${scripted.port}/mysite`],
    ca: [join(receiver.certificates.directory, 'ca.pem')],
    tokenFile: [await makeTokenFile(receiver, ['far-*'])],
    contact: ['1h'],
  });
  const spoolDirectory = join(await makeTempDir(t), 'spool');
  const bounds = { spoolDirectory, maxSpoolBytes: 1e9, maxSpoolHosts: 100 };
  const context = { ...makeCommandContext(), clock };
  const more = perMessage === undefined ? {} : { perMessage };
  const forwarder = await openForwarder(values, { ...bounds, ...more }, context);
  t.after(() => forwarder.stop());
  for (const host of hosts.map(parseHostName)) {
    const parts = [Buffer.from(makeOutput(host))];
    forwarder.cycleEnded({ kind: 'output', ...cycle, host, parts, producedAt: new Date() });
  }
  forwarder.start();
  return forwarder;
}

/** Waiting for more to come is for what goes into one message. */
async function gathersOnce(t: TestContext) {
  const sizes: number[] = [];
  const slept: number[] = [];
  const sleep: Clock['sleep'] = (delayMs, signal) => {
    slept.push(delayMs);
    return systemClock.sleep(delayMs, signal);
  };
  const answer = (message: ArrivedMessage) => {
    sizes.push(message.entries.length);
    return takeAll(message);
  };
  const perMessage = { hosts: 2, bytes: 1e6 };
  const forwarder = await openFilled(t, answer, { clock: { ...systemClock, sleep }, perMessage });
  await until(() => forwarder.toStatus().forwarding.waiting === 0);
  assert.deepEqual(sizes, [2, 2, 1]);
  assert.equal(slept.filter((delayMs) => delayMs === 200).length, 1);
}

async function forgetsRefused(t: TestContext) {
  const answer = ({ entries }: ArrivedMessage) => {
    const verdicts = entries.map(({ host }) => ({ host, status: host === 'far-1' ? 403 : 204 }));
    return { status: 200, verdicts };
  };
  const forwarder = await openFilled(t, answer, { clock: systemClock });
  const refused = () => forwarder.toStatus().forwarding.refusedHosts;
  await until(() => refused().length > 0);
  assert.deepEqual(refused(), [{ host: 'far-1', message: 'status 403' }]);
  forwarder.hostGone(parseHostName('far-1'));
  assert.deepEqual(refused(), []);
}

/** What the whole of a request may take passes at once. */
const requestMs = 60_000;

async function sendsLessAfterTimeout(t: TestContext) {
  const sizes: number[] = [];
  const sleep: Clock['sleep'] = (delayMs, signal) =>
    systemClock.sleep(delayMs === requestMs ? 500 : delayMs, signal);
  const answer = (message: ArrivedMessage) => {
    sizes.push(message.entries.length);
    return message.entries.length > 3 ? 'none' : takeAll(message);
  };
  const forwarder = await openFilled(t, answer, { clock: { ...systemClock, sleep } });
  const status = () => forwarder.toStatus().forwarding;
  await until(() => status().receivers[0]?.fault?.code === 'TIMEOUT');
  assert.equal(status().waiting, 5);
  await until(() => status().waiting === 0);
  assert.deepEqual(sizes, [5, 3, 2]);
}

// Most of it is waiting, which all of them may do at once.
describe('answers to a relay', { concurrency: true, timeout }, () => {
  test('relays that are put off come back neither sooner than asked nor all at once', spreads);
  test(
    'a message that is too large comes again in parts, and what is too large alone is told',
    makesSmaller,
  );
  test('a host that a receiver does not understand holds up no other', dividesDoubtful);
  test('half as much follows a message that took long', sendsLessWhereSlow);
  test('half as much follows a message that was not answered in time', sendsLessAfterTimeout);
  test('a host that is no longer asked is not shown as refused', forgetsRefused);
  test('what is left over from a message follows at once, however little it is', gathersOnce);
});
