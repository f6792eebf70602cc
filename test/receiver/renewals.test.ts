/** How often a host may renew, and what becomes of the certificates it had. */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { toSerial } from '../../src/certs/revocation.ts';
import { push, register, renew } from '../peers/controller-client.ts';
import { goodOutput, site, startReceiver } from './running-receiver.ts';

const ecKeys = { kind: 'ec' } as const;

function serialOf(pem: string): string {
  return toSerial(new X509Certificate(pem).serialNumber);
}

async function startWithHost(t: Parameters<typeof startReceiver>[0], renewalRate: string) {
  const running = await startReceiver(t, { renewalRate: [renewalRate] });
  const password = await running.makeAccess({ kind: 'user', name: 'admin' });
  const user = { user: 'admin', password };
  const place = { port: running.port, site };
  return { running, place, user, connection: await register(place, user, 'web01', ecKeys) };
}

test('a host that renews all the time is told when to come again, and goes on sending', async (t) => {
  const { place, user, connection } = await startWithHost(t, '2');
  await renew(place, connection);
  const current = await renew(place, connection);
  await assert.rejects(renew(place, current), {
    message:
      'Request failed with code 429: too many renewals of this host, come again in 30s (REFUSED)',
  });
  await push(place, current, goodOutput);
  const other = await register(place, user, 'web02', ecKeys);
  await push(place, await renew(place, other), goodOutput);
});

test('of too many valid certificates the oldest are revoked, never the one in use', async (t) => {
  const { running, place, connection } = await startWithHost(t, '100');
  const until = (year: number) => new Date(Date.UTC(year, 0)).toISOString();
  const [first, second] = ['aa01', 'aa02'].map((serial) => ({ serial, notAfter: until(2099) }));
  const further = Array.from({ length: 47 }, (_, n) => `bb${n + 10}`);
  await running.hosts.change('web01', (record) => ({
    ...record,
    certificates: [
      { serial: 'cc01', notAfter: until(2020) },
      ...record.certificates,
      ...[first, second].flatMap((one) => one ?? []),
      ...further.map((serial) => ({ serial, notAfter: until(2099) })),
    ],
  }));
  const renewed = await renew(place, connection);
  const listed = async () => (await running.hosts.byName('web01'))?.certificates ?? [];
  const own = [serialOf(connection.cert), serialOf(renewed.cert)];
  const [old = '', next = ''] = own;
  assert.deepEqual(
    (await listed()).map(({ serial }) => serial),
    [old, 'aa02', ...further, next],
  );
  assert.deepEqual(running.denied(), ['aa01']);
  await push(place, connection, goodOutput);
  const again = await renew(place, renewed);
  assert.equal((await listed()).length, 50);
  assert.deepEqual(running.denied(), ['aa01', old], 'the oldest that is not in use');
  await push(place, again, goodOutput);
  await assert.rejects(push(place, connection, goodOutput), {
    message:
      'Request failed with code 400: the client certificate is not accepted: it is revoked; register the host again (REFUSED)',
  });
});

test('who registers again and again under one UUID keeps no more certificates either', async (t) => {
  const { running, place, user, connection } = await startWithHost(t, '100');
  const notAfter = new Date(Date.UTC(2099, 0)).toISOString();
  await running.hosts.change('web01', (record) => ({
    ...record,
    certificates: Array.from({ length: 50 }, (_, n) => ({ serial: `a${n + 10}`, notAfter })),
  }));
  await register(place, user, 'web01', { ...ecKeys, uuid: connection.uuid });
  assert.equal((await running.hosts.byName('web01'))?.certificates.length, 50);
  assert.deepEqual(running.denied(), ['a10']);
});
