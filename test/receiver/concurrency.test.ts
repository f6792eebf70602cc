/** The receiver and commands change the same records at the same time. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sourceUrl, startScript } from '../helpers/run-script.ts';
import { askForRegistration, push, register, renew } from '../peers/controller-client.ts';
import { runHosts } from './run-hosts.ts';
import { goodOutput, site, startReceiver } from './running-receiver.ts';

test('a renewal that is under way brings no host back that is revoked meanwhile', async (t) => {
  const running = await startReceiver(t);
  const place = { port: running.port, site };
  const password = await running.makeAccess({ kind: 'user', name: 'admin' });
  const connection = await register(place, { user: 'admin', password }, 'web01');
  const { uuid } = connection;
  for (const round of [1, 2, 3]) {
    const current = await register(place, { user: 'admin', password }, 'web01', { uuid });
    const renewals = Promise.allSettled([1, 2, 3, 4].map(() => renew(place, current)));
    await new Promise((resolve) => setTimeout(resolve, round * 15));
    await runHosts(running, ['revoke', 'web01'], { forget: ['true'] });
    const outcomes = await renewals;
    assert.equal(await running.hosts.byName('web01'), undefined);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') assert.equal(outcome.reason.status, 403);
    }
    await assert.rejects(push(place, current, goodOutput), { status: 403 });
  }
});

test('an allowed request that is being completed leaves no host behind when it is revoked', async (t) => {
  const running = await startReceiver(t);
  const place = { port: running.port, site };
  const password = await running.makeAccess({ kind: 'user', name: 'admin' });
  const labels = { 'cmk/hostname-simple': 'web01' };
  const { keys } = await askForRegistration(place, { user: 'admin', password }, labels);
  await runHosts(running, ['allow', 'web01']);
  let revoking: Promise<string> | undefined;
  // As the receiver does it: while nobody else can change the request.
  await running.requests.update(keys.uuid, async (request) => {
    revoking = runHosts(running, ['revoke', 'web01']);
    await sleep(200);
    await running.hosts.link({ host: 'web01', uuid: keys.uuid }, () => ({
      host: 'web01',
      uuid: keys.uuid,
      mode: 'push-agent',
      certificates: [],
      piggyback: [],
      registeredAt: new Date().toISOString(),
      registeredBy: 'user admin',
    }));
    return request;
  });
  const [first, second] = (await revoking)?.split('\n') ?? [];
  assert.equal(first, `revoked web01 ${keys.uuid}, 0 certificates`);
  assert.equal(second, `removed the request of ${keys.uuid} (user admin) for web01`);
  assert.equal(await running.hosts.byName('web01'), undefined);
});

test('changes of several processes to one host are all there at the end', async (t) => {
  const running = await startReceiver(t);
  const place = { port: running.port, site };
  const password = await running.makeAccess({ kind: 'user', name: 'admin' });
  const { uuid } = await register(place, { user: 'admin', password }, 'web01');
  const script = (first: number) => `
    import { Hosts } from ${sourceUrl('receiver/state/hosts.ts')};
    const hosts = await Hosts.open(${JSON.stringify(`${running.directory}/state`)});
    for (let n = ${first}; n < ${first} + 20; n += 1) {
      await hosts.addCertificate('${uuid}', { serial: String(n), notAfter: new Date(4e12) }, { now: 0, revoke: async () => undefined });
    }
  `;
  const adding = [100, 200].map((first) => startScript(script(first)).ended);
  await runHosts(running, ['allow', 'web01'], { piggyback: ['vm*'] });
  const ended = await Promise.all(adding);
  assert.deepEqual(
    ended.map(({ code }) => code),
    [0, 0],
  );
  const record = await running.hosts.byName('web01');
  assert.equal(record?.certificates.length, 41);
  assert.deepEqual(record?.allowedPiggyback, ['vm*']);
});
