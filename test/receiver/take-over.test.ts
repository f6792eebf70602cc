/** A name that is registered, and another identity that wants it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectFault } from '../helpers/expect-fault.ts';
import {
  askForRegistration,
  askProgress,
  push,
  readStatus,
  register,
} from '../peers/controller-client.ts';
import { runHosts } from './run-hosts.ts';
import { goodOutput, type RunningReceiver, site, startReceiver } from './running-receiver.ts';

async function credentialFor(running: RunningReceiver, name: string) {
  const password = await running.makeAccess({ kind: 'user', name, hosts: ['*'] });
  return { user: name, password };
}

const warnings = ({ log }: RunningReceiver) =>
  log.lines.filter((line) => line.startsWith('warn')).map((line) => line.split(' {')[0]);

test('a take-over is told with both identities, in the log and in the list', async (t) => {
  const running = await startReceiver(t);
  const place = { port: running.port, site };
  const credential = await credentialFor(running, 'admin');
  const first = await register(place, credential, 'web01');
  // The same identity once more is none.
  await register(place, credential, 'web01', { uuid: first.uuid });
  assert.deepEqual(warnings(running), []);
  const second = await register(place, await credentialFor(running, 'eve'), 'web01');
  assert.deepEqual(warnings(running), [
    `warn web01 was taken over: ${second.uuid} (user eve) is in the place of ${first.uuid} (user admin)`,
  ]);
  await assert.rejects(push(place, first, goodOutput), { status: 403 });
  const [line = ''] = (await runHosts(running, ['list'])).split('\n');
  assert.match(
    line,
    new RegExp(
      `^registered web01 ${second.uuid} push-agent since \\S+ by user eve, taken over \\S+ from ${first.uuid} \\(user admin\\)$`,
    ),
  );
});

test('with --take-over=ask it waits for a person, who lets just that one in, once', async (t) => {
  const running = await startReceiver(t, { takeOver: ['ask'] });
  const place = { port: running.port, site };
  const admin = await credentialFor(running, 'admin');
  const eve = await credentialFor(running, 'eve');
  const first = await register(place, admin, 'web01');
  await runHosts(running, ['allow', 'web01'], { piggyback: ['vm*'] });
  await register(place, admin, 'web01', { uuid: first.uuid });
  for (let n = 0; n < 2; n += 1) {
    await assert.rejects(register(place, eve, 'web01'), {
      message:
        'Request failed with code 403: web01 is registered by another identity; `cmk-courier hosts allow web01` on the site lets it be taken over, then register again (REFUSED)',
    });
  }
  await push(place, first, goodOutput);
  const [asked, ...others] = await running.requests.list();
  assert.deepEqual([asked?.requestedBy, asked?.takesOver, others], ['user eve', first.uuid, []]);
  assert.match(
    warnings(running).at(-1) ?? '',
    new RegExp(
      `^warn ${asked?.uuid} \\(user eve\\) asks to take over web01 from ${first.uuid} \\(user admin\\)$`,
    ),
  );
  assert.match(
    await runHosts(running, ['list']),
    new RegExp(
      `\\n  waiting web01 ${asked?.uuid} asked \\S+ by user eve from 127.0.0.1, to take it over\\n`,
    ),
  );
  await expectFault(
    runHosts(running, ['allow', 'web01'], { piggyback: ['db*'] }),
    'USAGE',
    new RegExp(
      `^web01 is registered as ${first.uuid}, and ${asked?.uuid} \\(user eve\\) asks to take it over: say which$`,
    ),
  );
  assert.equal(
    await runHosts(running, ['allow', 'web01']),
    `allowed web01 ${asked?.uuid} in the place of ${first.uuid} (user admin); user eve may register it once more, within a day\n`,
  );
  await assert.rejects(register(place, await credentialFor(running, 'mallory'), 'web01'), {
    status: 403,
  });
  const second = await register(place, eve, 'web01');
  await push(place, second, Buffer.from(`${goodOutput}<<<<vm1>>>>\n<<<df>>>\n`));
  await assert.rejects(push(place, first, goodOutput), { status: 403 });
  await assert.rejects(register(place, eve, 'web01'), { status: 403 });
});

test('a take-over may be declined, and a registration token is not used up by asking', async (t) => {
  const running = await startReceiver(t, { takeOver: ['ask'] });
  const place = { port: running.port, site };
  await register(place, await credentialFor(running, 'admin'), 'web01');
  const token = await running.makeAccess({ kind: 'registration', hosts: ['web*'] });
  await assert.rejects(register(place, { token }, 'web01'), { status: 403 });
  await runHosts(running, ['deny', 'web01'], { reason: ['it is ours'] });
  await assert.rejects(register(place, { token }, 'web01'), {
    message:
      'Request failed with code 403: web01 is registered by another identity, and taking it over was declined: it is ours (REFUSED)',
  });
  assert.equal((await register(place, { token }, 'web02')).mode, 'push-agent');
});

test('a new host that wants a name that is registered waits for a person in either case', async (t) => {
  for (const takeOver of ['allow', 'ask']) {
    const running = await startReceiver(t, {
      takeOver: [takeOver],
      newHosts: ['automatic'],
      allowHost: ['*'],
    });
    const place = { port: running.port, site };
    const credential = await credentialFor(running, 'admin');
    const first = await register(place, credential, 'web01');
    const labels = { 'cmk/hostname-simple': 'web01' };
    const asked = await askForRegistration(place, credential, labels);
    assert.deepEqual(await askProgress(asked), { status: 'InProgress' });
    await runHosts(running, ['allow', asked.keys.uuid]);
    const progress = await askProgress(asked);
    assert.equal(progress.status, 'Success');
    assert.deepEqual(await readStatus(place, first), { status: 'NotRegistered' });
    assert.equal(warnings(running).length, 1);
  }
});

test('of several who ask for a name, a person says which', async (t) => {
  const running = await startReceiver(t);
  const place = { port: running.port, site };
  const labels = { 'cmk/hostname-simple': 'web01' };
  const one = await askForRegistration(place, await credentialFor(running, 'admin'), labels);
  const two = await askForRegistration(place, await credentialFor(running, 'eve'), labels);
  await expectFault(
    runHosts(running, ['allow', 'web01']),
    'USAGE',
    new RegExp(
      `^several ask for web01, say which: ${one.keys.uuid} \\(user admin\\), ${two.keys.uuid} \\(user eve\\)$`,
    ),
  );
  await runHosts(running, ['allow', one.keys.uuid]);
  assert.equal((await askProgress(one)).status, 'Success');
  assert.deepEqual(await askProgress(two), { status: 'InProgress' });
});

test('what was allowed stays allowed when the host asks again before it looks', async (t) => {
  const running = await startReceiver(t);
  const place = { port: running.port, site };
  const credential = await credentialFor(running, 'admin');
  const labels = { 'cmk/hostname-simple': 'web01' };
  const asked = await askForRegistration(place, credential, labels);
  await runHosts(running, ['allow', 'web01'], { piggyback: ['vm*'] });
  const { uuid } = asked.keys;
  const before = await running.requests.byUuid(uuid);
  const again = { uuid, csr: asked.keys.csr, agent_labels: labels };
  const basic = Buffer.from(`admin:${credential.password}`).toString('base64');
  const { exchange, trustAnything } = await import('../peers/controller-client.ts');
  const message = {
    method: 'POST',
    path: 'register_new',
    headers: { authorization: `Basic ${basic}` },
    body: Buffer.from(JSON.stringify(again)),
  };
  assert.equal((await exchange(place, message, trustAnything)).status, 200);
  const after = await running.requests.byUuid(uuid);
  assert.deepEqual(
    [after?.state, after?.allowedPiggyback, after?.answeredAt],
    ['allowed', ['vm*'], before?.answeredAt],
  );
  assert.equal((await askProgress(asked)).status, 'Success');
});

test('nobody puts a wish to take over in the place of the request of somebody else', async (t) => {
  const running = await startReceiver(t, { takeOver: ['ask'] });
  const place = { port: running.port, site };
  const admin = await credentialFor(running, 'admin');
  await register(place, admin, 'web01');
  const labels = { 'cmk/hostname-simple': 'web02' };
  const asked = await askForRegistration(place, admin, labels);
  const { uuid } = asked.keys;
  await assert.rejects(register(place, await credentialFor(running, 'eve'), 'web01', { uuid }), {
    message: 'Request failed with code 403: the request was made by somebody else (REFUSED)',
  });
  await runHosts(running, ['allow', 'web02']);
  assert.equal((await askProgress(asked)).status, 'Success');
});

test('a request that was allowed takes a name over once, not again from who has it then', async (t) => {
  const running = await startReceiver(t);
  const place = { port: running.port, site };
  const admin = await credentialFor(running, 'admin');
  const labels = { 'cmk/hostname-simple': 'web01' };
  const asked = await askForRegistration(place, admin, labels);
  await runHosts(running, ['allow', 'web01']);
  assert.equal((await askProgress(asked)).status, 'Success');
  assert.equal((await askProgress(asked)).status, 'Success');
  const next = await register(place, admin, 'web01');
  await assert.rejects(askProgress(asked), {
    message:
      'Request failed with code 403: another identity was registered for this host meanwhile (REFUSED)',
  });
  await push(place, next, goodOutput);
});
