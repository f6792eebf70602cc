/** What is revoked while a request is under way does nothing any more when the rest of it comes. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { listRelayedHosts } from '../../src/relay/records.ts';
import {
  type Credential,
  exchange,
  register,
  tlsOf,
  toPushMessage,
  trustAnything,
} from '../peers/controller-client.ts';
import { runHosts } from './run-hosts.ts';
import { goodOutput, type RunningReceiver, site, startReceiver } from './running-receiver.ts';

const placeOf = ({ port }: RunningReceiver) => ({ port, site });

test('an upload with a token that is revoked before all has come is refused', async (t) => {
  const running = await startReceiver(t);
  for (const [hosts, status] of [
    [['web61'], 401],
    [['web61', 'web62'], 403],
  ] as const) {
    const token = await running.makeAccess({ hosts });
    const headers = { authorization: `Bearer ${token}` };
    const path = '/v1/hosts/web61/agent-output';
    const meanwhile = () => runHosts(running, ['revoke', 'web61']);
    const message = { method: 'PUT', path, headers, body: goodOutput, meanwhile };
    const reply = await exchange(placeOf(running), message, trustAnything);
    assert.equal(reply.status, status);
  }
  assert.equal(await running.readOutput('web61'), undefined);
});

test('so is a push by a certificate', async (t) => {
  const running = await startReceiver(t);
  const password = await running.makeAccess({ kind: 'user', name: 'admin', hosts: ['*'] });
  const host = await register(placeOf(running), { user: 'admin', password }, 'web61');
  const meanwhile = () => runHosts(running, ['revoke', 'web61']);
  const message = { ...toPushMessage(host.uuid, goodOutput), meanwhile };
  assert.equal((await exchange(placeOf(running), message, tlsOf(host))).status, 400);
  assert.equal(await running.readOutput('web61'), undefined);
});

test('so is a message of a relay, faults included', async (t) => {
  const running = await startReceiver(t);
  const token = await running.makeAccess({ hosts: ['web61'] });
  const fault = { kind: 'fault', host: 'web61', code: 'PEER', line: 'x', ageMs: 0, validMs: 1e6 };
  const about = {
    version: '1',
    startedAtMs: 0,
    sentAtMs: 0,
    contactMs: 1000,
    hosts: 1,
    waiting: 0,
  };
  const content = `${JSON.stringify({ ...about, entries: [fault] })}\n`;
  const send = (meanwhile: () => Promise<unknown>) => {
    const headers = { authorization: `Bearer ${token}` };
    const body = gzipSync(content);
    const message = { method: 'POST', path: `/${site}/v1/relay`, headers, body, meanwhile };
    return exchange(placeOf(running), message, trustAnything);
  };
  const found = () => listRelayedHosts(join(running.directory, 'spool'));
  assert.equal((await send(() => runHosts(running, ['revoke', 'web61']))).status, 401);
  assert.deepEqual(await found(), []);
});

test('neither a token nor a user registers a host that is revoked meanwhile', async (t) => {
  const running = await startReceiver(t);
  const credentials: readonly (readonly [string, () => Promise<Credential>])[] = [
    [
      'registration token',
      async () => {
        const token = await running.makeAccess({ kind: 'registration', hosts: ['web61'] });
        return { token };
      },
    ],
    [
      'user',
      async () => {
        const password = await running.makeAccess({ kind: 'user', name: 'joe', hosts: ['web61'] });
        return { user: 'joe', password };
      },
    ],
  ];
  for (const [what, make] of credentials) {
    const credential = await make();
    let said = '';
    const meanwhile = async () => {
      said = await runHosts(running, ['revoke', 'web61']);
    };
    await assert.rejects(register(placeOf(running), credential, 'web61', { meanwhile }), {
      status: 401,
    });
    assert.match(said, new RegExp(`^revoked ${what} \\S+ for web61\\n$`));
    await assert.rejects(register(placeOf(running), credential, 'web61'), { status: 401 });
    assert.deepEqual(await running.hosts.list(), []);
  }
});

test('a token whose registration fails is as good as before, also while it fails', async (t) => {
  const running = await startReceiver(t);
  const token = await running.makeAccess({ kind: 'registration', hosts: ['web61'] });
  await assert.rejects(register(placeOf(running), { token }, 'web62'), { status: 403 });
  const meanwhile = async () => {
    const listed = await running.accesses.list();
    assert.deepEqual(
      listed.map(({ kind }) => kind),
      ['registration'],
    );
  };
  await register(placeOf(running), { token }, 'web61', { meanwhile });
  assert.deepEqual(await running.accesses.list(), []);
  await assert.rejects(register(placeOf(running), { token }, 'web61'), { status: 401 });
});
