/** What is told of relays at both ends: clocks, metrics, lists; and messages that nobody should send. */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { status } from '../../src/commands/status.ts';
import { list } from '../../src/receiver/administration/list.ts';
import { readAnswer } from '../../src/relay/message.ts';
import { listRelays } from '../../src/relay/records.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { type RunningReceiver, startReceiver } from '../receiver/running-receiver.ts';
import { messageOf, post } from './posting.ts';
import { makeOutput, makeTokenFile, startRelay, until } from './running-relay.ts';

const timeout = 30_000;
const minuteMs = 60_000;
const spoolOf = ({ directory }: RunningReceiver) => join(directory, 'spool');

async function showRelays(receiver: RunningReceiver, ...more: readonly string[]): Promise<string> {
  const context = { ...makeCommandContext(), clock: new FakeClock(Date.now()) };
  const switches = Object.fromEntries(more.map((name) => [name, ['true']]));
  const options = { spool: [spoolOf(receiver)], relays: ['true'], ...switches };
  await status.run({ operands: [], options }, context);
  return context.said.output;
}

async function tellsClocks(t: TestContext) {
  const receiver = await startReceiver(t);
  const ahead = { ...systemClock, now: () => Date.now() + 10 * minuteMs };
  const relay = await startRelay(t, [receiver], {
    hosts: ['far-1', 'far-2'],
    options: { tokenFile: [await makeTokenFile(receiver, ['far-*'])] },
    clock: ahead,
  });
  relay.drop('far-1', makeOutput('far-1'));
  await until(async () => (await receiver.readOutput('far-1')) !== undefined);
  await until(() => relay.status().skewMs !== undefined);
  const off = /our clock is (10m|9m59s) ahead of that of the receiver: output is dated wrongly/;
  assert.ok(relay.log.lines.some((line) => off.test(line)));
  await until(async () => (await listRelays(spoolOf(receiver)))[0]?.hosts === 2);
  const shown =
    /^relay far1: heard of \d+m?s ago, 2 hosts, \d waiting, version \S+, from 127\.0\.0\.1; its clock is (10m|9m59s) ahead of ours\n$/;
  assert.match(await showRelays(receiver), shown);
  const [known] = JSON.parse(await showRelays(receiver, 'json')).relays;
  assert.deepEqual([known.relay, known.hosts], ['far1', 2]);
  assert.ok(known.skewMs > 9 * minuteMs);

  const places = {
    state: () => join(receiver.directory, 'state'),
    spool: () => spoolOf(receiver),
  };
  const listed = (await list(places, false)).split('\n');
  assert.ok(listed.includes('relayed far-1 by far1'), listed.join('\n'));
  assert.ok(listed.includes('relayed far-2 by far1; NO_OUTPUT since the last cycle'));

  const metrics = await (await fetch(`http://127.0.0.1:${receiver.metricsPort}/metrics`)).text();
  const labels = `\\{relay="far1",id="${known.id}"\\}`;
  for (const line of [
    'relay_outputs_total [1-9]\\d*',
    'relay_faults_total [1-9]\\d*',
    'relay_refused_total 0',
    `relay_last_contact_seconds${labels} \\d`,
    `relay_hosts${labels} 2`,
    `relay_waiting${labels} \\d`,
    `relay_skew_seconds${labels} (600|599)`,
  ]) {
    assert.match(metrics, new RegExp(`^\\w*${line}`, 'm'));
  }
  const values = new Map(relay.metrics().map((one) => [one.name, one]));
  assert.deepEqual(
    [...values.keys()].filter((name) => name.startsWith('relay_')).length,
    values.size,
  );
  const up = values.get('relay_receiver_up');
  assert.deepEqual(up?.type === 'gauge' && up.samples.map(({ value }) => value), [1]);
}

async function judgesPiggyback(t: TestContext) {
  const receiver = await startReceiver(t);
  const relay = await startRelay(t, [receiver], {
    hosts: ['far-1', 'far-2'],
    options: { tokenFile: [await makeTokenFile(receiver, ['far-*'])] },
  });
  const withPiggyback = (host: string, name: string) =>
    `${makeOutput(host)}<<<<${name}>>>>\n<<<local:sep(0)>>>\n0 "of ${name}" - ok\n<<<<>>>>\n`;
  const good = withPiggyback('far-1', 'far-9');
  relay.drop('far-1', good);
  relay.drop('far-2', withPiggyback('far-2', 'near01'));
  await until(async () => (await receiver.readOutput('far-1')) === good);
  await until(() => relay.status().refusedHosts.length > 0);
  const message = 'there is piggyback for near01, which is not allowed here (REFUSED)';
  assert.deepEqual(relay.status().refusedHosts, [{ host: 'far-2', message }]);
  assert.equal(await receiver.readOutput('far-2'), undefined);
}

function makeWrongMessages(good: object, output: string): readonly Buffer[] {
  return [
    Buffer.from('\n'),
    Buffer.from('{"entries":[]}\n'),
    messageOf({ entries: [good] }),
    messageOf({ entries: [{ ...good, bytes: 2 ** 52 }] }, output),
    messageOf({ entries: [{ kind: 'later', bytes: -1 }] }),
    messageOf({ entries: [] }, 'more'),
    ...['startedAtMs', 'sentAtMs'].flatMap((name) => [
      messageOf({ entries: [], [name]: 1e300 }),
      messageOf({ entries: [], [name]: -1e300 }),
    ]),
    messageOf({ entries: Array.from({ length: 257 }, () => ({ kind: 'fault' })) }),
    messageOf({ entries: 'x'.repeat(1_000_000) }),
    messageOf({ entries: [], more: 'x'.repeat(2_000_000) }),
  ];
}

async function judgesEntries(t: TestContext) {
  const receiver = await startReceiver(t);
  const token = await receiver.makeAccess({ hosts: ['far-*'], name: 'far1' });
  const output = makeOutput('far-1');
  const good = { kind: 'output', host: 'far-1', producedAtMs: Date.now(), bytes: output.length };
  const fault = {
    kind: 'fault',
    host: 'far-2',
    ageMs: 0,
    validMs: 1000,
    line: 'no \u001b[31m way',
  };
  const entries = [
    { ...good, kind: 'later', bytes: 3 },
    { ...good, source: 'file: \u001b[2J\nfar' },
    { ...fault, code: 'NEW_CODE' },
    { ...fault, code: 'PEER' },
    { kind: 'fault', host: { hostile: true } },
    { ...fault, code: 'PEER', host: '../../x' },
    // No calendar has these.
    { ...good, host: 'far-3', producedAtMs: -1e300, source: 'x', bytes: 0 },
    { ...fault, code: 'PEER', host: 'far-3', ageMs: 1e300 },
  ];
  const said = await post(
    receiver,
    token,
    messageOf({ version: '\u001b]0;x\u0007', entries }, 'abc', output),
  );
  const { verdicts } = readAnswer(Buffer.from(said.body), 'here');
  assert.deepEqual(
    verdicts.map((one) => one.status),
    [400, 204, 400, 204, 400, 400, 400, 400],
  );
  assert.match(verdicts[2]?.message ?? '', /^not understood: code: /);
  assert.equal(await receiver.readOutput('far-1'), output);
  const places = {
    state: () => join(receiver.directory, 'state'),
    spool: () => spoolOf(receiver),
  };
  const shown = `${await showRelays(receiver, 'json')}${await list(places, true)}`;
  assert.ok(!/\\u001b|\\u0007/.test(shown), shown);

  // Locks come and go by themselves.
  const countFiles = () =>
    readdirSync(receiver.directory, { recursive: true, encoding: 'utf8' }).filter(
      (path) => !path.includes('.locks'),
    ).length;
  const before = countFiles();
  for (const wrong of makeWrongMessages(good, output)) {
    const { status: answered, body } = await post(receiver, token, wrong);
    assert.equal(answered, 400, body);
    assert.match(body, /^this is no message of a relay: .*\(MALFORMED\)/);
  }
  assert.equal(countFiles(), before);
  assert.match(await showRelays(receiver), /^relay far1: heard of /);
}

async function tellsRefusedOnce(t: TestContext) {
  const receiver = await startReceiver(t);
  const token = await receiver.makeAccess({ hosts: ['far-*'], name: 'far1' });
  const send = async (host: string, output: string, producedAtMs = Date.now()) => {
    const entry = { kind: 'output', host, source: 'x', producedAtMs, bytes: output.length };
    const { status: answered } = await post(
      receiver,
      token,
      messageOf({ entries: [entry] }, output),
    );
    assert.equal(answered, 200);
  };
  const good = makeOutput('far-1');
  for (let cycle = 0; cycle < 3; cycle += 1) {
    await send('near01', good);
    // Its age differs each time.
    await send('far-1', good, Date.now() + 10 * minuteMs - cycle * 5000);
  }
  await send('far-1', 'no output');
  await send('far-1', good);
  await send('far-1', good);
  const told = receiver.log.lines
    .filter((line) => line.includes('relay far1: '))
    .map((line) => line.replace(/ \{.*/s, '').replace(/ 9m\d+s in the.*\?/, ' …'));
  assert.deepEqual(told, [
    'warn relay far1: near01 refused with 403: not allowed to write for this host (REFUSED)',
    'warn relay far1: far-1 refused with 400: it was produced … (USAGE)',
    'warn relay far1: far-1 refused with 400: line 1: no section in the output; it begins with "no output" (rule no-section) (MALFORMED); 3 refusals before it',
    'info relay far1: far-1 is taken again, after 4 refusals',
  ]);
}

// Most of it is waiting, which all of them may do at once.
describe('what is told of relays', { concurrency: true, timeout }, () => {
  test(
    'a clock that is off is told at both ends, and relays are in metrics, status and lists',
    tellsClocks,
  );
  test('a relay writes piggyback for hosts of its token, and for no others', judgesPiggyback);
  test(
    'what is wrong with one entry costs no other, and nothing hostile reaches a screen',
    judgesEntries,
  );
  test('that a host is refused is told when it begins, changes and ends', tellsRefusedOnce);
});
