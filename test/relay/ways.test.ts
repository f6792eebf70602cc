/** A relay whose way is down, whose receiver ends, that is killed itself, and one of two. */

import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { describeRelay } from '../../src/collector/relay-lines.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { describeSilence, lookUpRelayed } from '../../src/relay/looking.ts';
import { listRelayedHosts, listRelays } from '../../src/relay/records.ts';
import { findRelayStatuses } from '../../src/relay/status.ts';
import { readSpooled } from '../../src/spool/reading.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { type RunningReceiver, startReceiver } from '../receiver/running-receiver.ts';
import { makeOutput, makeTokenFile, startRelay, until } from './running-relay.ts';

const timeout = 60_000;
const host = 'far-web01';
const reading = { log: makeCollectingLog(), clock: systemClock };
const spoolOf = ({ directory }: RunningReceiver) => join(directory, 'spool');

/** One that can be started again where it was. */
async function startAtPort(t: TestContext): Promise<RunningReceiver> {
  return startReceiver(t, { listen: [`127.0.0.1:${await findFreePort()}`], drainTimeout: ['0s'] });
}

async function waitForOutput(receiver: RunningReceiver, output: string): Promise<void> {
  await until(async () => (await receiver.readOutput(host)) === output);
}

async function usesTheFirst(t: TestContext) {
  const [first, second] = [await startAtPort(t), await startAtPort(t)];
  const options = { tokenFile: [await makeTokenFile(first, ['far-*'])] };
  const accessOf = ({ directory }: RunningReceiver) => join(directory, 'state/access');
  cpSync(accessOf(first), accessOf(second), { recursive: true });
  const relay = await startRelay(t, [first, second], { hosts: [host], options });
  const states = () => relay.status().receivers.map(({ state }) => state);
  relay.drop(host, makeOutput(host, 'one'));
  await until(() => states()[0] === 'used' && relay.status().sent > 0);
  await first.receiver.stop();
  const two = makeOutput(host, 'two');
  relay.drop(host, two);
  await waitForOutput(second, two);
  await until(() => states().join() === 'down,used');
  assert.match(
    relay.status().receivers[0]?.fault?.message ?? '',
    /connection refused|about to end/,
  );
  await first.restart();
  const three = makeOutput(host, 'three');
  await until(() => states()[0] !== 'down');
  relay.drop(host, three);
  await waitForOutput(first, three);
  // Who reads the log of the relay learns of each change, and why.
  const findTold = () => relay.log.lines.filter((line) => line.includes('receiver'));
  await until(() => findTold().length >= 3);
  const told = findTold();
  assert.match(told[0] ?? '', /^info the receiver is reached \{/);
  assert.match(
    told[1] ?? '',
    /^warn another receiver is sent to now: .*(connection refused|about to end)/,
  );
  assert.match(told[2] ?? '', /^info the receiver is reached again \{/);
  assert.equal(told.length, 3);
}

async function keepsTheNewest(t: TestContext) {
  const receiver = await startAtPort(t);
  const options = { tokenFile: [await makeTokenFile(receiver, ['far-*'])] };
  const relay = await startRelay(t, [receiver], { hosts: [host], options });
  const one = makeOutput(host, 'one');
  relay.drop(host, one);
  await waitForOutput(receiver, one);
  await receiver.receiver.stop();
  const two = makeOutput(host, 'two');
  relay.drop(host, two);
  const kept = () =>
    readSpooled(join(relay.directory, 'spool-to-receiver'), parseHostName(host), reading);
  await until(async () => (await kept())?.output.toString() === two);
  const { sent } = relay.status();
  await relay.stop();
  assert.equal(relay.status().sent, sent);
  rmSync(join(relay.directory, 'drops', host));
  // The new one finds no output any more: what was kept is all there is, and is as old as it is.
  const { directory } = relay;
  const again = await startRelay(t, [receiver], { hosts: [host], options, directory });
  await until(() => again.status().waiting === 1);
  await receiver.restart();
  await waitForOutput(receiver, two);
  await until(() => again.status().waiting === 0);
}

async function losesItsToken(t: TestContext) {
  const receiver = await startReceiver(t);
  const options = { tokenFile: [await makeTokenFile(receiver, ['far-*'])] };
  const relay = await startRelay(t, [receiver], { hosts: [host], options });
  const one = makeOutput(host, 'one');
  relay.drop(host, one);
  await waitForOutput(receiver, one);
  for (const access of await receiver.accesses.list()) await receiver.accesses.remove(access);
  relay.drop(host, makeOutput(host, 'two'));
  await until(() => relay.status().receivers[0]?.state === 'down');
  const { code, message } = relay.status().receivers[0]?.fault ?? {};
  assert.equal(code, 'REFUSED');
  assert.match(
    message ?? '',
    /the peer answered 401 "Unauthorized", these credentials are not accepted$/,
  );
  assert.equal(relay.status().waiting, 1);
  assert.equal(await receiver.readOutput(host), one);
  // And at the site, at once and when the relay counts as silent.
  const [shown] = await findRelayStatuses(spoolOf(receiver), {}, Date.now());
  assert.match(
    (shown && describeRelay(shown)) ?? '',
    /^relay far1: heard of \d+m?s ago, refused since: these credentials are not accepted, 1 host, /,
  );
  const [known] = await listRelays(spoolOf(receiver));
  assert.match(
    (known && describeSilence(known, Date.now() + 600_000)) ?? '',
    /^relay far1 has been silent for 10m\d?s? \(refused 10m\d?s? ago: these credentials are not accepted\)$/,
  );
}

async function getsANewToken(t: TestContext) {
  const receiver = await startReceiver(t);
  const spool = spoolOf(receiver);
  const start = async (hosts: readonly string[]) =>
    startRelay(t, [receiver], {
      hosts,
      options: { tokenFile: [await makeTokenFile(receiver, ['far-*'])] },
    });
  const before = await start([host, 'far-old']);
  before.drop(host, makeOutput(host, 'one'));
  before.drop('far-old', makeOutput('far-old', 'one'));
  await until(async () => (await receiver.readOutput('far-old')) !== undefined);
  await before.stop();
  await until(async () => (await listRelays(spool))[0]?.isEnded === true);
  const [old] = await listRelays(spool);
  const after = await start([host]);
  const two = makeOutput(host, 'two');
  after.drop(host, two);
  await waitForOutput(receiver, two);
  await until(async () => (await listRelays(spool)).every(({ id }) => id !== old?.id));
  assert.equal((await listRelays(spool)).length, 1);
  // Nobody has looked after the other host since: it is not down for that.
  const far = await lookUpRelayed(spool, parseHostName('far-old'), undefined, Date.now());
  assert.equal(far?.silence, `relay far1 (${old?.id}) is not known any more`);
  const near = () => lookUpRelayed(spool, parseHostName(host), undefined, Date.now());
  await until(async () => (await near())?.silence === undefined);
}

async function sharesHosts(t: TestContext) {
  const receiver = await startReceiver(t);
  const start = async (name: string) =>
    startRelay(t, [receiver], {
      hosts: [host],
      options: { tokenFile: [await makeTokenFile(receiver, ['far-*'], name)] },
    });
  const [one, two] = [await start('one'), await start('two')];
  one.drop(host, makeOutput(host, 'old'));
  await until(() => one.status().sent > 0);
  const newest = makeOutput(host, 'new');
  two.drop(host, newest);
  const isTold = (lines: readonly string[], other: string) =>
    lines.some((line) => line.includes(`taken; relay ${other} writes for it as well`));
  await until(() => isTold(one.log.lines, 'two') && isTold(two.log.lines, 'one'));
  assert.ok(receiver.log.lines.some((line) => line.includes('relays one and two write for it')));
  await waitForOutput(receiver, newest);
  await until(() => two.status().waiting === 0);
  const [known] = await listRelayedHosts(spoolOf(receiver));
  assert.equal(known?.host, host);
  const names = (await listRelays(spoolOf(receiver))).map(({ name }) => name);
  assert.deepEqual(names, ['one', 'two']);
}

// Most of it is waiting, which all of them may do at once.
describe('the way of a relay', { concurrency: true, timeout }, () => {
  test(
    'the first receiver that is well is sent to, and the first of all when it is back',
    usesTheFirst,
  );
  test(
    'only the newest waits while the way is down, over an end, and goes out when it is back',
    keepsTheNewest,
  );
  test('a token that is revoked ends at once, and what waits stays', losesItsToken);
  test('a relay with a new token takes the place of the silent one of its name', getsANewToken);
  test('of two relays for one host the newest output counts, and both are told', sharesHosts);
});
