/** A collector that follows a broker or a spool: no test waits for a cycle, which would take ten minutes. */

import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseHostName } from '../../src/names/host-name.ts';
import { packOutput } from '../../src/nats/message.ts';
import { outputSubject } from '../../src/nats/subjects.ts';
import { shardOf } from '../../src/spool/names.ts';
import { skipWithoutNats } from '../peers/nats-program.ts';
import { openSpool } from '../spool/spools.ts';
import { type Broker, startBroker } from '../transports/nats/broker.ts';
import { type CollectorSite, makeOutput, makeSite } from './running-collector.ts';

const skip = skipWithoutNats();

async function publish(broker: Broker, name: string, output: string, ageMs = 0): Promise<void> {
  const host = parseHostName(name);
  const producedAt = new Date(Date.now() - ageMs);
  const times = { producedAt, receivedAt: new Date() };
  const given = { host, output: Buffer.from(output), ...times, origin: 'upload x' };
  const { headers, body } = await packOutput(given);
  await broker.publish(outputSubject('prod', host), body, Object.fromEntries(headers));
}

async function collect(t: TestContext): Promise<readonly [Broker, CollectorSite]> {
  const broker = await startBroker();
  t.after(() => broker.close());
  const site = await makeSite(t);
  writeFileSync(join(site.root, 'etc/cmk-courier/hosts.txt'), 'web01\nweb02\n');
  routeTo(broker, site, '10m');
  await site.start();
  return [broker, site];
}

function routeTo({ port }: Broker, site: CollectorSite, every: string): void {
  const source = `{ uri: 'nats://127.0.0.1:${port}/prod/{host}' }`;
  const defaults = `{ every: ${every}, maxAge: 30m, grace: 0s, deadline: 20s }`;
  site.writeRoutes(
    `collector: { hostList: hosts.txt }\ndefaults: ${defaults}\nroutes:\n  - { hosts: '*', sources: ${source} }\n`,
  );
}

test('what comes into the broker is ready without a cycle, in full and checked', {
  skip,
}, async (t) => {
  const [broker, site] = await collect(t);
  const followed = () => site.status()?.subscriptions?.[0];
  await site.until(() => followed()?.state === 'following');
  assert.equal(followed()?.hosts, 2);
  for (let round = 0; round < 3; round += 1) {
    const output = makeOutput('web01');
    await publish(broker, 'web01', output);
    await site.until(() => site.ask('web01').stdout === output);
  }
  await publish(broker, 'web03', makeOutput('web03'));
  await site.until(() => followed()?.foreign === 1);
  await publish(broker, 'web02', 'no agent output\n');
  await site.until(() => site.ask('web02').stderr.includes('(MALFORMED)'));
  await publish(broker, 'web02', makeOutput('web02'), 3_600_000);
  await site.until(() => site.ask('web02').stderr.includes('(STALE)'));
});

test('while the broker is away status says so, and what comes after is ready again', {
  skip,
}, async (t) => {
  const [broker, site] = await collect(t);
  const followed = () => site.status()?.subscriptions?.[0];
  await site.until(() => followed()?.state === 'following');
  await broker.stop();
  await site.until(() => followed()?.state === 'away');
  assert.equal(followed()?.fault.code, 'UNREACHABLE');
  await broker.start();
  const output = makeOutput('web01');
  await publish(broker, 'web01', output);
  await site.until(() => site.ask('web01').stdout === output);
  assert.equal(followed()?.state, 'following');
  assert.equal(followed()?.losses, 1);
});

test('hosts that failed while the broker was away are asked when it is back, not in ten minutes', {
  skip,
}, async (t) => {
  const [broker, site] = await collect(t);
  const followed = () => site.status()?.subscriptions?.[0];
  await site.until(() => followed()?.state === 'following');
  const output = makeOutput('web01');
  await publish(broker, 'web01', output);
  await site.until(() => site.ask('web01').stdout === output);
  await broker.stop();
  routeTo(broker, site, '1s');
  site.signal('SIGHUP');
  await site.until(() => site.ask('web01').stderr.includes('(UNREACHABLE)'));
  routeTo(broker, site, '10m');
  site.signal('SIGHUP');
  const dueMs = () =>
    site.status()?.hosts.find(({ host }: { host: string }) => host === 'web01')?.nextDueMs;

  await site.until(() => dueMs() > 60_000);
  await broker.start();
  await site.until(() => site.ask('web01').stdout === output);
});

test('what a receiver puts into the spool is ready without a cycle, and own puts do not come again', async (t) => {
  const site = await makeSite(t);
  writeFileSync(join(site.root, 'etc/cmk-courier/hosts.txt'), 'web01\nweb02\n');
  const routes = [
    "{ hosts: web01, sources: [{ uri: 'spool:' }] }",
    `{ hosts: web02, every: 1s, sources: [{ uri: 'file://${site.root}/drops/{host}' }] }`,
  ];
  site.drop('web02');
  const lines = routes.map((route) => `  - ${route}\n`).join('');
  site.writeRoutes(
    `collector: { hostList: hosts.txt }\ndefaults: { every: 10m, maxAge: 1h }\nroutes:\n${lines}`,
  );
  await site.start();
  const directory = join(site.root, 'var/cmk-courier/spool');
  const { spool } = await openSpool(t, { directory });
  const followed = () => site.status()?.subscriptions?.[0];
  await site.until(() => followed()?.state === 'following');
  assert.equal(followed()?.hosts, 1);
  for (let round = 0; round < 3; round += 1) {
    const output = makeOutput('web01');
    const times = { producedAt: new Date(), receivedAt: new Date() };
    const given = { host: parseHostName('web01'), output: Buffer.from(output), ...times };
    await spool.put({ ...given, origin: 'upload x' });
    await site.until(() => site.ask('web01').stdout === output);
  }
  // The other host was fetched meanwhile, again and again, and kept in the same spool.
  await site.until(() => readdirSync(join(directory, shardOf(parseHostName('web02')))).length > 0);
  const { arrived, foreign, hosts } = followed();
  assert.deepEqual({ arrived, foreign, hosts }, { arrived: 3, foreign: 0, hosts: 1 });
});
