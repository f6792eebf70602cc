/** Hosts that have another way than the relay that once brought their output. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { hostcheck } from '../../src/commands/hostcheck.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { ReadyDirectory } from '../../src/ready/ready-directory.ts';
import { systemUptime } from '../../src/ready/uptime.ts';
import { list } from '../../src/receiver/administration/list.ts';
import {
  listRelayedHosts,
  type RelayedHost,
  readHost,
  writeHost,
  writeRelay,
} from '../../src/relay/records.ts';
import { Present } from '../../src/spool/newest.ts';
import { putSpooled } from '../../src/spool/putting.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { courier, runCourier, start } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { curlUpload } from '../receiver/curl.ts';
import { type RunningReceiver, site, startReceiver } from '../receiver/running-receiver.ts';
import { makeOutput, makeTokenFile, until } from './running-relay.ts';

const timeout = 60_000;
const minuteMs = 60_000;

const ago = (minutes: number) => new Date(Date.now() - minutes * minuteMs);

/** `collect --forward` as a program of its own, whose hosts have drops of that age. */
async function startProgram(
  t: TestContext,
  receiver: RunningReceiver,
  name: string,
  drops: Readonly<Record<string, number | undefined>>,
) {
  const directory = await makeTempDir(t);
  mkdirSync(join(directory, 'drops'));
  for (const [host, minutes] of Object.entries(drops)) {
    if (minutes === undefined) continue;
    const path = join(directory, 'drops', host);
    writeFileSync(path, makeOutput(host));
    utimesSync(path, ago(minutes), ago(minutes));
  }
  const route = `hosts: [${Object.keys(drops).join(', ')}], every: 1s, maxAge: 1h`;
  const source = `'${directory}/drops/{host}'`;
  writeFileSync(
    join(directory, 'routes.yaml'),
    `routes: [{ name: far, ${route}, sources: ${source} }]`,
  );
  const relay = start(courier, [
    ...['collect', `--forward=https://127.0.0.1:${receiver.port}/${site}`],
    `--token-file=${await makeTokenFile(receiver, ['far-*'], name)}`,
    ...[`--ca=${receiver.certificates.directory}/ca.pem`, '--contact=1s'],
    ...[`--routes=${directory}/routes.yaml`, `--ready=${directory}/ready`],
    `--spool=${directory}/spool`,
  ]);
  const stop = async () => {
    process.kill(relay.pid);
    return relay.ended;
  };
  t.after(async () => {
    if (relay.pid > 0) await stop().catch(() => undefined);
  });
  return { stop };
}

async function moves(t: TestContext) {
  let laterMs = 0;
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + laterMs };
  const receiver = await startReceiver(t, {}, clock);
  const places = {
    state: () => join(receiver.directory, 'state'),
    spool: () => join(receiver.directory, 'spool'),
  };
  const spool = places.spool();
  const listed = async () => (await list(places, false)).match(/^relayed .*$/gm);
  const check = async (host: string) => {
    const dirs = [`--spool=${spool}`, `--ready=${receiver.directory}/none`];
    const { code, stdout } = await runCourier(['hostcheck', host, ...dirs]);
    return `${code} ${stdout}`;
  };
  const one = await startProgram(t, receiver, 'far1', { 'far-moved': 20, 'far-left': 20 });
  await until(async () => (await listRelayedHosts(spool)).length === 2);
  await one.stop();
  const stopped = /^UNKNOWN - relay far1 was stopped \S+ ago, and asks for far-moved; output of/;
  assert.match(await checkHere(spool, `${receiver.directory}/none`, 'far-moved'), stopped);

  // The host sends for itself from now on, and then no more: nobody's fault but its own.
  const { body } = await makeUpload(receiver, 'far-moved', 10);
  assert.equal(body, '');
  const itself =
    /^2 DOWN - output of far-moved is 10m\S* old, allowed are 5m, from upload token \w+ \| age=\d+s;;300\n$/;
  assert.match(await check('far-moved'), itself);
  const fetched = await runCourier(['fetch', '--host=far-moved', `spool:${spool}`]);
  assert.match(fetched.stderr, /, upload token \w+\) is 10m\S* old, allowed are 5m \(STALE\)\n$/);
  const left = await checkHere(spool, `${receiver.directory}/none`, 'far-left');
  assert.match(left, /^UNKNOWN - relay far1 was stopped /);
  assert.deepEqual(await listed(), ['relayed far-left by far1']);

  // The other one is asked by another relay, which finds nothing, and says so.
  laterMs = minuteMs;
  const two = await startProgram(t, receiver, 'far2', { 'far-left': undefined });
  const isTaken = async () => (await readHost(spool, parseHostName('far-left')))?.relayName;
  await until(async () => (await isTaken()) === 'far2');
  assert.match(
    await check('far-left'),
    /^2 DOWN - cmk-courier: relay: far-left: relay far2, \S+ ago: file: far-left: there is no /,
  );
  await two.stop();

  await forgets(receiver, spool);
}

/** As the receiver does each hour. */
async function forgets(receiver: RunningReceiver, spool: string): Promise<void> {
  // What one that was killed has left half-way goes as well.
  const leftovers = [90, 1].map((minutes) => {
    const path = join(spool, 'relays', `.${minutes}.new`);
    writeFileSync(path, '{');
    utimesSync(path, ago(minutes), ago(minutes));
    return path;
  });
  const { services, storage } = receiver.receiver.insight ?? {};
  await services?.relays.prune(storage?.summaries() ?? []);
  const left = await listRelayedHosts(spool);
  assert.deepEqual(
    left.map(({ host }) => host),
    ['far-left'],
  );
  assert.deepEqual(leftovers.map(existsSync), [false, true]);
}

/** What the host check says, without a program of its own. */
async function checkHere(spool: string, ready: string, name: string): Promise<string> {
  const context = makeCommandContext();
  const options = { ready: [ready], spool: [spool] };
  await hostcheck.run({ operands: [name], options }, { ...context, clock: systemClock });
  return context.said.output;
}

async function makeUpload(receiver: RunningReceiver, host: string, minutes: number) {
  const token = await receiver.makeAccess({ hosts: [host] });
  const header = (text: string) => ['-H', text];
  return curlUpload(receiver, host, makeOutput(host), [
    ...header(`Authorization: Bearer ${token}`),
    ...header(`X-Produced-At: ${ago(minutes).toISOString()}`),
  ]);
}

const host = parseHostName('far-web01');

/** A site as a relay has left it, which was heard of so many minutes ago. */
async function makeSite(t: TestContext, heardMinutes: number) {
  const directory = await makeTempDir(t);
  const [ready, spool] = [join(directory, 'ready'), join(directory, 'spool')];
  const keep = (minutes: number, origin: string) => {
    const [producedAt, present] = [ago(minutes), new Present(Date.now())];
    const output = Buffer.from(makeOutput(host));
    return putSpooled(spool, { host, output, producedAt, receivedAt: producedAt, origin }, present);
  };
  await keep(20, 'relay far1: file /drops/far-web01');
  const about = { id: 'token-1', name: 'far1', address: '127.0.0.1', version: '1' };
  const counts = { startedAtMs: 0, contactMs: 15_000, hosts: 1, waiting: 0, skewMs: 0 };
  const lastContactMs = ago(heardMinutes).getTime();
  await writeRelay(spool, { ...about, ...counts, lastContactMs, isEnded: false });
  const tell = (more: Partial<RelayedHost> = {}) =>
    writeHost(spool, host, { host, relay: 'token-1', relayName: 'far1', ...more });
  await tell();
  const lay = (said: string, grace?: Buffer) => {
    const clocks = { clock: systemClock, uptime: systemUptime() };
    const line = `cmk-courier: ${said}`;
    const validity = { validMs: minuteMs, address: undefined };
    const directory = ReadyDirectory.open({ directory: ready, ...clocks });
    if (grace === undefined) directory.publishFault(host, { line, exitCode: 5 }, validity);
    else directory.publish(host, { parts: [grace], graceFor: line }, validity);
  };
  const check = () => checkHere(spool, ready, host);
  return { keep, tell, lay, check };
}

const silent = /^UNKNOWN - relay far1 has been silent for 10m\d?s?, and asks for far-web01; output/;

async function isAskedHere(t: TestContext) {
  const { lay, check } = await makeSite(t, 10);
  assert.match(await check(), silent);
  for (const nobody of [
    'spool: far-web01: there is no output of far-web01 in /spool (NO_OUTPUT)',
    'spool: far-web01: /spool is 20m old, allowed are 5m; before it spool NO_OUTPUT (STALE)',
    'nats: far-web01: connecting: refused; before it spool STALE (UNREACHABLE)',
    'spool: far-web01: relay far1, 1m ago: tcp: x; relay far1 has been silent for 1m (TIMEOUT)',
    'ssh: far-web01: ssh is not installed (LOCAL)',
  ]) {
    lay(nobody);
    assert.match(await check(), silent, nobody);
  }
  for (const line of [
    'tcp: far-web01: connecting to 10.0.0.1:6556: connection refused (UNREACHABLE)',
    'spool: far-web01: /spool is 20m old, allowed are 5m; before it tcp UNREACHABLE (STALE)',
    'spool: far-web01: relay far1, 12s ago: ssh: far-web01: connection refused (UNREACHABLE)',
  ]) {
    lay(line);
    assert.equal(await check(), `DOWN - cmk-courier: ${line}\n`);
    // Old output may stand in for it.
    lay(line, Buffer.from(makeOutput(host)));
    assert.match(await check(), /^DOWN - output of far-web01 is 20m\S* old, .*; cmk-courier: /);
  }
}

async function isNeglected(t: TestContext) {
  const { check, keep, tell } = await makeSite(t, 0);
  const neglected =
    /^UNKNOWN - nothing of far-web01 was taken from relay far1 for 20m\d?s?; output of far-web01 is 20m/;
  assert.match(await check(), neglected);
  // One that is asked so seldom may well be old.
  await tell({ everyMs: 10 * minuteMs });
  assert.match(await check(), /^DOWN - output of far-web01 is 20m\d?s? old/);
  await tell({ maxAgeMs: 30 * minuteMs });
  assert.match(await check(), /^DOWN - output of far-web01 is 20m\d?s? old/);
  // What fails on one way is no fault while output comes on another, however long it goes on.
  const atMs = Date.now() - 1000;
  const fault = { atMs, toldAtMs: atMs, untilMs: atMs + minuteMs };
  await tell({ fault: { code: 'TIMEOUT', line: 'tcp: no answer', ...fault } });
  assert.match(await check(), /^DOWN - cmk-courier: relay: far-web01: relay far1, 1s ago: tcp: no/);
  await keep(2, 'upload token 2');
  assert.match(await check(), /^UP - output of far-web01 is 2m\d?s? old, from upload token 2 /);
}

// Most of it is waiting, which all of them may do at once.
describe('hosts that a relay had', { concurrency: true, timeout }, () => {
  test('one that sends for itself, or has another relay, is judged by that', moves);
  test('one that the site asks itself is down though its relay is silent', isAskedHere);
  test('one of which a relay that is well tells nothing is UNKNOWN', isNeglected);
});
