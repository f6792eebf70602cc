/** A relay and the receiver of a site: what goes over, what is told, and what is refused. */

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { hostcheck } from '../../src/commands/hostcheck.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { readAnswer } from '../../src/relay/message.ts';
import { listRelayedHosts } from '../../src/relay/records.ts';
import { parseSourceUri } from '../../src/transports/source.ts';
import { spool } from '../../src/transports/spool/spool.ts';
import { withTransport } from '../../src/transports/transport.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { makeOpenContext } from '../helpers/open-context.ts';
import { type RunningReceiver, startReceiver } from '../receiver/running-receiver.ts';
import { makeSealSite } from '../sealing/seal-site.ts';
import { rsaPair, seal } from '../sealing/sealing-kit.ts';
import { messageOf, post } from './posting.ts';
import { makeOutput, makeTokenFile, startRelay, until } from './running-relay.ts';

const timeout = 60_000;

const spoolOf = ({ directory }: RunningReceiver) => join(directory, 'spool');

/** As a fetch of the site gets it from `spool:`, so much later. */
function fetchFar(receiver: RunningReceiver, host: string, laterMs = 0) {
  const clock = new FakeClock(Date.now() + laterMs);
  const context = makeOpenContext({ clock });
  const source = { uri: parseSourceUri(`spool://${spoolOf(receiver)}`), options: {} };
  const target = { host: parseHostName(host), address: undefined };
  return withTransport(spool, source, context, (open) => open.fetch(target, context.signal));
}

/** What the host check of the site says, so much later. */
async function checkFar(receiver: RunningReceiver, host: string, laterMs = 0) {
  const context = { ...makeCommandContext(), clock: new FakeClock(Date.now() + laterMs) };
  let code: number | undefined;
  const exitWith = (given: number) => {
    code = given;
  };
  const options = { spool: [spoolOf(receiver)], ready: [join(receiver.directory, 'none')] };
  await hostcheck.run({ operands: [host], options }, { ...context, exitWith });
  return `${code} ${context.said.output}`;
}

const minuteMs = 60_000;

async function goesOver(t: TestContext) {
  const receiver = await startReceiver(t);
  const relay = await startRelay(t, [receiver], {
    hosts: ['far-web01', 'near01'],
    options: { tokenFile: [await makeTokenFile(receiver, ['far-*'])] },
    // A number that JSON does not have.
    route: 'every: 1s, maxAge: unlimited',
  });
  const output = makeOutput('far-web01');
  relay.drop('far-web01', output);
  relay.drop('near01', makeOutput('near01'));
  await until(() => relay.status().sent > 1 && relay.status().refused > 0);
  const spooled = await receiver.readSpooled('far-web01');
  assert.equal(spooled?.output.toString(), output);
  assert.equal(spooled.origin, `relay far1: file ${relay.directory}/drops/far-web01`);
  assert.ok(Date.now() - spooled.producedAt.getTime() < 60_000);
  assert.equal(await receiver.readOutput('near01'), undefined);
  const refused = 'not allowed to write for this host (REFUSED)';
  assert.deepEqual(relay.status().refusedHosts, [{ host: 'near01', message: refused }]);
  const lines = receiver.log.lines.filter((line) => line.includes('near01'));
  assert.match(lines[0] ?? '', /^warn relay far1: near01 refused with 403: not allowed to write/);
  assert.ok(relay.log.lines.some((line) => line.includes(`does not take it: ${refused}`)));
}

async function tellsFaults(t: TestContext) {
  const receiver = await startReceiver(t);
  const relay = await startRelay(t, [receiver], {
    hosts: ['far-web01'],
    options: { tokenFile: [await makeTokenFile(receiver, ['far-*'])], contact: ['1h'] },
    route: 'every: 1s, maxAge: 1h, deadline: 5s',
  });
  await until(() => relay.status().sent > 0);
  const there = `${relay.directory}/drops/far-web01`;
  const fault = await expectFault(fetchFar(receiver, 'far-web01', minuteMs), 'NO_OUTPUT');
  assert.match(
    fault.message,
    new RegExp(`^relay far1, (59s|1m\\d?s?) ago: file: far-web01: there is no ${there}$`),
  );
  assert.ok(fault.isSecondHand);
  assert.match(
    await checkFar(receiver, 'far-web01'),
    new RegExp(
      `^2 DOWN - cmk-courier: relay: far-web01: relay far1, .* ago: .*${there} \\(NO_OUTPUT\\)`,
    ),
  );
  const later = await expectFault(fetchFar(receiver, 'far-web01', 10 * minuteMs), 'NO_OUTPUT');
  assert.equal(later.message, `there is no output of far-web01 in ${spoolOf(receiver)}`);
  const output = makeOutput('far-web01');
  relay.drop('far-web01', output);
  await until(() => receiver.receiver.load.uploads === 0 && relay.status().waiting === 0);
  await until(async () => (await receiver.readOutput('far-web01')) === output);
  assert.equal((await fetchFar(receiver, 'far-web01')).output.toString(), output);
  // Good output, then a fault: what is of now counts.
  rmSync(there);
  const { sent } = relay.status();
  await until(() => relay.status().sent > sent + 1);
  await expectFault(fetchFar(receiver, 'far-web01'), 'NO_OUTPUT');
}

async function fallsSilent(t: TestContext) {
  const receiver = await startReceiver(t);
  const relay = await startRelay(t, [receiver], {
    hosts: ['far-web01'],
    options: { tokenFile: [await makeTokenFile(receiver, ['far-*'])], contact: ['15s'] },
  });
  relay.drop('far-web01', makeOutput('far-web01'));
  await until(() => relay.status().sent > 0 && relay.status().waiting === 0);
  assert.match(await checkFar(receiver, 'far-web01'), /^0 UP - output of far-web01 is /);
  const silent =
    /^3 UNKNOWN - relay far1 has been silent for 10m\d?s?, and asks for far-web01; output of/;
  assert.match(await checkFar(receiver, 'far-web01', 10 * minuteMs), silent);
  const { origin } = await fetchFar(receiver, 'far-web01', 10 * minuteMs);
  assert.match(origin, /far-web01; relay far1 has been silent for 10m\d?s?\)$/);
  await relay.stop();
  assert.match(
    await checkFar(receiver, 'far-web01', 10 * minuteMs),
    /^3 UNKNOWN - relay far1 was stopped 10m\d?s? ago, and asks for far-web01; output of far-web01 is /,
  );
}

async function carriesSeals(t: TestContext) {
  const site = await makeSealSite(t);
  const signer = rsaPair('far');
  await site.enroll('far-web01', signer);
  const receiver = await startReceiver(t, {}, systemClock, site.env);
  const relay = await startRelay(t, [receiver], {
    hosts: ['far-web01', 'far-web02'],
    options: { tokenFile: [await makeTokenFile(receiver, ['far-*'])] },
  });
  const produced = new Date(Date.now() - 30_000);
  const output = Buffer.from(makeOutput('far-web01'));
  const drop = seal({ host: 'far-web01', produced, output, signer, recipients: [site.publicKey] });
  relay.drop('far-web01', drop);
  relay.drop('far-web02', drop);
  // The relay sees that the second is of another host, and says so.
  const isTold = (host: string) =>
    relay.log.lines.some((line) => line.startsWith(`warn cmk-courier: file: ${host}: `));
  await until(() => isTold('far-web02') && relay.status().sent > 2 && relay.status().waiting === 0);
  const stored = await receiver.readSpooled('far-web01');
  assert.deepEqual(stored?.output, drop);
  assert.equal(
    Math.trunc(stored.producedAt.getTime() / 1000),
    Math.trunc(produced.getTime() / 1000),
  );
  const fault = await expectFault(fetchFar(receiver, 'far-web02'), 'REFUSED');
  assert.match(fault.message, /this is sealed for far-web01, not for far-web02/);
}

async function boundsFaults(t: TestContext) {
  const receiver = await startReceiver(t, { senderUploadRate: ['3'] });
  const token = await receiver.makeAccess({ hosts: ['far-*'], name: 'far1' });
  const fault = { kind: 'fault', host: 'far-1', code: 'PEER', line: 'x', ageMs: 0, validMs: 1000 };
  const entries = Array.from({ length: 5 }, () => fault);
  const { body } = await post(receiver, token, messageOf({ entries }));
  const { verdicts } = readAnswer(Buffer.from(body), 'here');
  assert.deepEqual(
    verdicts.map((one) => one.status),
    [204, 204, 204, 429, 429],
  );
  assert.ok((verdicts[3]?.retryAfterS ?? 0) > 0);
}

async function leavesRoom(t: TestContext) {
  const receiver = await startReceiver(t, { uploadRate: ['8'] });
  const fault = { kind: 'fault', code: 'PEER', line: 'x', ageMs: 0, validMs: 1000 };
  const send = async (name: string, count: number) => {
    const token = await receiver.makeAccess({ hosts: [`${name}-*`], name });
    const entries = Array.from({ length: count }, (_, n) => ({ ...fault, host: `${name}-${n}` }));
    const { body } = await post(receiver, token, messageOf({ entries }));
    const { verdicts } = readAnswer(Buffer.from(body), 'here');
    return verdicts.map((one) => one.status);
  };
  assert.deepEqual(await send('greedy', 6), [204, 204, 204, 204, 429, 429]);
  assert.deepEqual(await send('other', 3), [204, 204, 204]);
}

async function boundsHosts(t: TestContext) {
  const receiver = await startReceiver(t, { spoolHosts: ['3'] });
  const fault = { kind: 'fault', code: 'PEER', line: 'x', ageMs: 0, validMs: 1000 };
  const invent = async (name: string, count: number) => {
    const token = await receiver.makeAccess({ hosts: ['*'], name });
    const entries = Array.from({ length: count }, (_, n) => ({ ...fault, host: `${name}-${n}` }));
    const { status: answered } = await post(receiver, token, messageOf({ entries }));
    assert.equal(answered, 200);
    return (await listRelayedHosts(spoolOf(receiver))).length;
  };
  assert.equal(await invent('far1', 200), 3);
  // Others have room still, up to twice as many as the spool has hosts.
  assert.equal(await invent('far2', 2), 5);
  assert.equal(await invent('far3', 2), 6);
  const told = receiver.log.lines.filter((line) => line.includes('no room to note more hosts'));
  assert.match(told[0] ?? '', /, there are 3 of relay far1 \(--spool-hosts\) /);
  assert.match(told[1] ?? '', /, there are 6 of relays \(--spool-hosts\) /);
}

async function leavesHosts(t: TestContext) {
  const receiver = await startReceiver(t, { spoolHosts: ['10'] });
  const open = async (name: string) => {
    const token = await receiver.makeAccess({ hosts: [`${name}-*`], name });
    return async (n: number) => {
      const output = makeOutput(name);
      const about = { source: 'x', producedAtMs: Date.now(), bytes: output.length };
      const entries = [{ kind: 'output', host: `${name}-${n}`, ...about }];
      const { body } = await post(receiver, token, messageOf({ entries }, output));
      const [verdict] = readAnswer(Buffer.from(body), 'here').verdicts;
      return `${verdict?.status} ${verdict?.message ?? ''}`;
    };
  };
  const [greedy, other] = [await open('greedy'), await open('other')];
  for (let n = 0; n < 9; n += 1) assert.equal(await greedy(n), '204 ');
  const full = 'relay greedy has 9 hosts here, of 10 there is room for';
  assert.equal(
    await greedy(9),
    `503 ${full}: the last of it is for others (--spool-hosts) (LOCAL)`,
  );
  // What it has it may renew, and others have room.
  assert.equal(await greedy(0), '204 ');
  assert.equal(await other(0), '204 ');
}

// Most of it is waiting, which all of them may do at once.
describe('a relay and its receiver', { concurrency: true, timeout }, () => {
  test(
    'outputs reach the spool of the site, dated by their hosts; a foreign host is refused by name',
    goesOver,
  );
  test(
    'a fault of a far fetch is the fault of the site: code, line, age; and not for ever',
    tellsFaults,
  );
  test('a host behind a silent relay is UNKNOWN, and the relay is named', fallsSilent);
  test('faults of a host are limited as outputs are', boundsFaults);
  test('no single relay takes all of what is accepted a minute', leavesRoom);
  test('a relay that invents hosts does not fill the disk', boundsHosts);
  test('nor does it keep others from having new hosts', leavesHosts);
  test('a sealed drop goes over as it is, and is judged at the site', carriesSeals);
});
