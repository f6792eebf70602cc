/** The attack matrix: each is refused, logged once, and harms nobody else. */

import assert from 'node:assert/strict';
import { randomUUID, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import { deflateSync, gzipSync } from 'node:zlib';
import { files } from '../../src/certs/directory.ts';
import { Revocations } from '../../src/certs/revocation.ts';
import { Authority } from '../helpers/certificates.ts';
import {
  type Connection,
  exchange,
  push,
  type Reply,
  register,
  renew,
  toPushMessage,
  verifyServer,
} from '../peers/controller-client.ts';
import { signWithAgentCa } from './forged-certificates.ts';
import { goodOutput, type RunningReceiver, site, startReceiver } from './running-receiver.ts';

async function startWithVictim(t: Parameters<typeof startReceiver>[0], options = {}) {
  const running = await startReceiver(t, options);
  const password = await running.makeAccess({ kind: 'user', name: 'admin' });
  const place = { port: running.port, site };
  const credential = { user: 'admin', password };
  const victim = await register(place, credential, 'victim');
  await push(place, victim, goodOutput);
  return { running, place, credential, victim };
}

interface Identity {
  readonly cert?: string;
  readonly key?: string;
}

/** Sends bad output for a UUID as somebody. */
async function attack(
  running: RunningReceiver,
  uuid: string,
  identity: Identity,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const message = toPushMessage(uuid, Buffer.from('<<<forged>>>\n'));
  const all = { ...message, headers: { ...message.headers, ...headers } };
  const tls = { ...verifyServer(running.certificates.rootCert), ...identity };
  return exchange({ port: running.port, site }, all, tls);
}

/** Refused with that status, said once in the log, and the victim's output is as it was. */
async function assertHarmless(
  running: RunningReceiver,
  victim: Connection,
  [status, reason]: readonly [number, string],
  attempt: () => Promise<Reply>,
): Promise<void> {
  const before = running.refusals().length;
  const reply = await attempt();
  assert.equal(reply.status, status, reply.body.toString());
  const logged = running.refusals().slice(before);
  assert.equal(logged.length, 1);
  assert.match(logged.join(), new RegExp(`reason: '${reason}'`));
  assert.equal(await running.readOutput('victim'), goodOutput.toString());
  await push({ port: running.port, site }, victim, goodOutput);
}

test('without a certificate nothing passes, whatever stands in the path', async (t) => {
  const { running, victim } = await startWithVictim(t);
  for (const uuid of [
    victim.uuid,
    'None',
    'undefined',
    'null',
    'missing',
    'anonymous',
    '%00',
    '-',
  ]) {
    await assertHarmless(running, victim, [400, 'no-certificate'], () => attack(running, uuid, {}));
  }
});

test('a certificate of another CA is refused, also of one with the same names', async (t) => {
  const { running, victim } = await startWithVictim(t);
  const subject = new X509Certificate(running.certificates.agentCaCert).subject.replace('CN=', '');
  for (const name of ['somebody', subject]) {
    const forged = new Authority(name).issueClient({ name: victim.uuid });
    await assertHarmless(running, victim, [400, 'bad-certificate'], () =>
      attack(running, victim.uuid, forged),
    );
  }
});

test('certificates out of their time, with no UUID or several names are refused', async (t) => {
  const { running, victim } = await startWithVictim(t);
  const { directory } = running.certificates;
  const { uuid } = victim;
  const day = (n: number) => new Date(Date.now() + n * 86_400_000);
  const forgeries = [
    { commonNames: [uuid], validFrom: day(-20), validUntil: day(-1) },
    { commonNames: [uuid], validFrom: day(1), validUntil: day(9) },
    { commonNames: [uuid, randomUUID()] },
    { commonNames: [randomUUID(), uuid] },
    { commonNames: ['None'] },
    { commonNames: [] },
    { commonNames: [uuid.toUpperCase()] },
    { commonNames: [`${uuid}\n`] },
  ];
  for (const forgery of forgeries) {
    const forged = await signWithAgentCa(directory, forgery);
    for (const path of new Set([uuid, encodeURIComponent(forgery.commonNames[0] ?? '-')])) {
      await assertHarmless(running, victim, [400, 'bad-certificate'], () =>
        attack(running, path, forged),
      );
    }
  }
});

test("another host's UUID is refused, with or without headers that claim it", async (t) => {
  const { running, place, credential, victim } = await startWithVictim(t);
  const other = await register(place, credential, 'other');
  const claims = {
    'verified-uuid': victim.uuid,
    'verified-issuer-cn': 'x',
    'ssl-client-verify': 'SUCCESS',
    'x-client-cert': victim.cert.replaceAll('\n', ' '),
    'x-forwarded-for': '127.0.0.1',
  };
  const own = { key: other.key, cert: other.cert };
  for (const headers of [{}, claims]) {
    await assertHarmless(running, victim, [400, 'other-uuid'], () =>
      attack(running, victim.uuid, own, headers),
    );
    await assertHarmless(running, victim, [400, 'no-certificate'], () =>
      attack(running, victim.uuid, {}, headers),
    );
  }
});

test('a revoked certificate is refused at once, others of the host are not', async (t) => {
  const { running, place, victim } = await startWithVictim(t);
  const renewed = await renew(place, victim);
  const revocations = await Revocations.load(running.certificates.directory);
  await revocations.add(new X509Certificate(victim.cert).serialNumber, victim.uuid, new Date());
  await assertHarmless(running, renewed, [400, 'bad-certificate'], () =>
    attack(running, victim.uuid, { key: victim.key, cert: victim.cert }),
  );
});

test('a resumed session is no way round revocation', async (t) => {
  const { running, victim } = await startWithVictim(t);
  const options = {
    port: running.port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    key: victim.key,
    cert: victim.cert,
  };
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const first = await statusOver({ ...options, maxVersion }, victim.uuid);
    assert.equal(first.answer, 'HTTP/1.1 200 OK');
    const again = { ...options, maxVersion, ...(first.session && { session: first.session }) };
    const second = await statusOver(again, victim.uuid);
    assert.deepEqual([second.answer, second.isReused], ['HTTP/1.1 200 OK', true]);
    const revocations = await Revocations.load(running.certificates.directory);
    await revocations.add(new X509Certificate(victim.cert).serialNumber, victim.uuid, new Date());
    const third = await statusOver(again, victim.uuid);
    assert.deepEqual([third.answer, third.isReused], ['HTTP/1.1 400 Bad Request', true]);
    await rm(join(running.certificates.directory, files.revoked));
  }
});

/** A status question over a session that may be an old one. */
async function statusOver(options: ConnectionOptions, uuid: string) {
  const socket = connect(options);
  let session: Buffer | undefined;
  socket.on('session', (ticket: Buffer) => {
    session = ticket;
  });
  await once(socket, 'secureConnect');
  const isReused = socket.isSessionReused();
  socket.write(
    `GET /${site}/agent-receiver/registration_status_v2/${uuid} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
  );
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
  });
  await once(socket, 'close');
  return { answer: answer.split('\r\n')[0], session, isReused };
}

test('host names that are paths get nowhere', async (t) => {
  const { running, victim } = await startWithVictim(t);
  const token = await running.makeAccess({ hosts: ['*'] });
  const headers = { authorization: `Bearer ${token}` };
  const names = [
    '%2e%2e',
    '..%2fvictim',
    '%2fetc%2fpasswd',
    'a%00b',
    '.hidden',
    'x%0ay',
    '%ff',
    '~',
  ];
  for (const name of [...names, 'x'.repeat(241)]) {
    const path = `/v1/hosts/${name}/agent-output`;
    const message = { method: 'PUT', path, headers, body: goodOutput };
    await assertHarmless(running, victim, [400, 'bad-request'], () =>
      exchange({ port: running.port, site }, message, verifyServer(running.certificates.rootCert)),
    );
  }
});

test('a compressed bomb is stopped while it is unpacked', async (t) => {
  const { running, place, victim } = await startWithVictim(t, { maxSize: ['1MB'] });
  const bomb = Buffer.alloc(200_000_000, '<<<a>>>\n');
  const message = toPushMessage(victim.uuid, goodOutput);
  const body = message.body ?? Buffer.alloc(0);
  const packed = deflateSync(goodOutput);
  const at = body.indexOf(packed);
  const rest = body.subarray(at + packed.length);
  const loaded = Buffer.concat([body.subarray(0, at), deflateSync(bomb), rest]);
  const identity = { key: victim.key, cert: victim.cert, rejectUnauthorized: false };
  await assertHarmless(running, victim, [413, 'too-large'], () =>
    exchange(place, { ...message, body: loaded }, identity),
  );
  const token = await running.makeAccess({ hosts: ['*'] });
  const upload = {
    method: 'PUT',
    path: '/v1/hosts/bomb/agent-output',
    headers: { authorization: `Bearer ${token}` },
    body: gzipSync(gzipSync(bomb)),
  };
  await assertHarmless(running, victim, [413, 'too-large'], () =>
    exchange(place, upload, { rejectUnauthorized: false }),
  );
});

test('a registration token that was used is of no use to whoever overheard it', async (t) => {
  const { running, place, victim } = await startWithVictim(t);
  const token = await running.makeAccess({ kind: 'registration', hosts: ['*'] });
  await register(place, { token }, 'web01');
  await assert.rejects(register(place, { token }, 'victim'), { status: 401 });
  await push(place, victim, goodOutput);
  assert.equal(running.refusals().length, 1);
});
