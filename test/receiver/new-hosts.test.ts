import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allow, deny } from '../../src/receiver/administration/answer.ts';
import {
  askForRegistration,
  askProgress,
  push,
  readStatus,
  register,
} from '../peers/controller-client.ts';
import { goodOutput, type RunningReceiver, site, startReceiver } from './running-receiver.ts';

const labels = { 'cmk/hostname-simple': 'web01', 'cmk/os-family': 'linux' };

async function credentialFor(running: RunningReceiver, name = 'admin') {
  const password = await running.makeAccess({ kind: 'user', name, hosts: ['*'] });
  return { user: name, password };
}

const stateOf = (running: RunningReceiver) => `${running.directory}/state`;

test('a new host waits until it is allowed by hand, and then pushes', async (t) => {
  const running = await startReceiver(t);
  const place = { port: running.port, site };
  const asked = await askForRegistration(place, await credentialFor(running), labels);
  assert.deepEqual(await askProgress(asked), { status: 'InProgress' });
  await allow(stateOf(running), ['web01'], { as: undefined, piggyback: ['vm*'], now: Date.now() });
  const progress = await askProgress(asked);
  assert.equal(progress.status, 'Success');
  if (progress.status !== 'Success') return;
  await push(place, progress.connection, Buffer.from(`${goodOutput}<<<<vm1>>>>\n<<<df>>>\n`));
  assert.equal((await readStatus(place, progress.connection)).status, 'Registered');
  // The answer may have been lost on its way: asking again is answered again.
  assert.equal((await askProgress(asked)).status, 'Success');
  await push(place, progress.connection, goodOutput);
});

test('a declined host is told why', async (t) => {
  const running = await startReceiver(t);
  const place = { port: running.port, site };
  const credential = await credentialFor(running);
  const asked = await askForRegistration(place, credential, labels);
  await deny(stateOf(running), [asked.keys.uuid], { reason: 'not ours', now: Date.now() });
  assert.deepEqual(await askProgress(asked), { status: 'Declined', reason: 'not ours' });
  await deny(stateOf(running), [asked.keys.uuid], { reason: undefined, now: Date.now() });
  assert.deepEqual(await askProgress(asked), {
    status: 'Declined',
    reason: 'the administrator of the site has declined the request',
  });
});

test('a rule allows by name and label, but takes no host away from another', async (t) => {
  const running = await startReceiver(t, {
    newHosts: ['automatic'],
    allowHost: ['web*'],
    allowLabel: ['cmk/os-family:lin*'],
  });
  const place = { port: running.port, site };
  const credential = await credentialFor(running);
  const good = await askForRegistration(place, credential, labels);
  assert.equal((await askProgress(good)).status, 'Success');
  for (const other of [
    { ...labels, 'cmk/os-family': 'windows' },
    { ...labels, 'cmk/hostname-simple': 'db01' },
    { 'cmk/hostname-simple': 'web02' },
  ]) {
    const asked = await askForRegistration(place, credential, other);
    assert.deepEqual(await askProgress(asked), { status: 'InProgress' });
  }
  const taker = await askForRegistration(place, credential, labels);
  assert.deepEqual(await askProgress(taker), { status: 'InProgress' });
  await allow(stateOf(running), [taker.keys.uuid], {
    as: undefined,
    piggyback: [],
    now: Date.now(),
  });
  assert.equal((await askProgress(taker)).status, 'Success');
});

test('the name is made of labels as the template says, and must be one', async (t) => {
  const running = await startReceiver(t, { hostName: ['{site}-{cmk/hostname-simple}'] });
  const place = { port: running.port, site };
  const credential = await credentialFor(running);
  await askForRegistration(place, credential, { ...labels, site: 'muc' });
  assert.deepEqual(
    (await running.requests.list()).map(({ host }) => host),
    ['muc-web01'],
  );
  for (const evil of ['../x', 'a/b', 'x\n', '']) {
    const asking = askForRegistration(place, credential, {
      'cmk/hostname-simple': evil,
      site: evil,
    });
    await assert.rejects(asking, { status: 422 });
  }
});

test('only who asked may ask again, and nobody puts another key in its place', async (t) => {
  const running = await startReceiver(t);
  const place = { port: running.port, site };
  const asked = await askForRegistration(place, await credentialFor(running), labels);
  const stranger = await credentialFor(running, 'eve');
  await assert.rejects(askProgress({ ...asked, credential: stranger }), { status: 403 });
  await assert.rejects(askProgress({ ...asked, credential: { ...stranger, password: 'x' } }), {
    status: 401,
  });
  await running.requests.remove(asked.keys.uuid);
  await assert.rejects(askProgress(asked), { status: 404 });
});

test('a one-time token asks as long as it takes, and is used up at the end', async (t) => {
  const running = await startReceiver(t);
  const place = { port: running.port, site };
  const token = await running.makeAccess({ kind: 'registration', hosts: ['web*'] });
  const asked = await askForRegistration(place, { token }, labels);
  assert.deepEqual(await askProgress(asked), { status: 'InProgress' });
  assert.deepEqual(await askProgress(asked), { status: 'InProgress' });
  await allow(stateOf(running), ['web01'], { as: undefined, piggyback: [], now: Date.now() });
  assert.equal((await askProgress(asked)).status, 'Success');
  await assert.rejects(register(place, { token }, 'web02'), { status: 401 });
});

test('switched off, requests of new hosts get 501', async (t) => {
  const running = await startReceiver(t, { newHosts: ['off'] });
  const place = { port: running.port, site };
  const credential = await credentialFor(running);
  await assert.rejects(askForRegistration(place, credential, labels), { status: 501 });
  await assert.rejects(askForRegistration(place, { ...credential, password: 'x' }, labels), {
    status: 401,
  });
});
