/** Refusals that say what is to be done, and what TLS is refused. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { toTime } from '../../src/certs/dates.ts';
import { putServerCertificate } from '../certs/own-server.ts';
import { Authority } from '../helpers/certificates.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { start } from '../helpers/run-program.ts';
import { type Connection, exchange, register, toPushMessage } from '../peers/controller-client.ts';
import { signWithAgentCa } from './forged-certificates.ts';
import { goodOutput, type RunningReceiver, site, startReceiver } from './running-receiver.ts';

interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** What a controller prints that pushes with this certificate. */
async function lineOfPush({ port }: RunningReceiver, uuid: string, own: Identity): Promise<string> {
  const tls = { ...own, rejectUnauthorized: false };
  const { status, body } = await exchange({ port, site }, toPushMessage(uuid, goodOutput), tls);
  assert.equal(status, 400);
  const { detail } = JSON.parse(body.toString());
  return detail;
}

async function startWithHost(t: Parameters<typeof startReceiver>[0]) {
  const running = await startReceiver(t);
  const password = await running.makeAccess({ kind: 'user', name: 'admin' });
  const place = { port: running.port, site };
  const host: Connection = await register(place, { user: 'admin', password }, 'web01');
  return { running, uuid: host.uuid };
}

test('a certificate that is not accepted: why, and that the host has to register again', async (t) => {
  const { running, uuid } = await startWithHost(t);
  const { directory } = running.certificates;
  const day = (n: number) => new Date(Date.now() + n * 86_400_000);
  const start = 'the client certificate is not accepted: ';
  const validity = { commonNames: [uuid], validFrom: day(-20), validUntil: day(-1) };
  assert.equal(
    await lineOfPush(running, uuid, await signWithAgentCa(directory, validity)),
    `${start}it expired at ${toTime(validity.validUntil)}; register the host again (REFUSED)`,
  );
  const future = { commonNames: [uuid], validFrom: day(1), validUntil: day(9) };
  assert.equal(
    await lineOfPush(running, uuid, await signWithAgentCa(directory, future)),
    `${start}it is not valid yet; compare the clocks (REFUSED)`,
  );
  assert.equal(
    await lineOfPush(running, uuid, new Authority('other').issueClient({ name: uuid })),
    `${start}it is not signed by the agent CA of this receiver; register the host again (REFUSED)`,
  );
});

test('whoever has the name of the site wrong is told the right one, by every path with a site', async (t) => {
  const running = await startReceiver(t);
  const ask = async (path: string) => {
    const place = { port: running.port, site };
    const reply = await exchange(place, { method: 'POST', path }, { rejectUnauthorized: false });
    return [reply.status, reply.body.toString()];
  };
  const line = 'the site is mysite here, not "main" (USAGE)';
  const detail = JSON.stringify({ detail: line });
  assert.deepEqual(await ask('/main/agent-receiver/register_existing'), [404, detail]);
  assert.deepEqual(await ask('/main/v1/hosts/web01/agent-output'), [404, `${line}\n`]);
  const discovery = 'domain-types/internal/actions/discover-receiver/invoke';
  assert.deepEqual(await ask(`/main/check_mk/api/1.0/${discovery}`), [404, `${line}\n`]);
  const nothing = 'there is nothing here (USAGE)';
  assert.deepEqual(await ask('/mysite/agent-receiver/no'), [
    404,
    JSON.stringify({ detail: nothing }),
  ]);
  for (const path of ['/', '/main', '/v1/hosts', '/main/other', '/mysite/v1/no']) {
    assert.deepEqual(await ask(path), [404, `${nothing}\n`], path);
  }
});

test('TLS without forward secrecy is refused', { skip: skipWithout('openssl') }, async (t) => {
  const running = await startReceiver(t);
  const connect = async (...args: string[]) => {
    const place = `127.0.0.1:${running.port}`;
    const { stdout, stderr } = await start('openssl', ['s_client', '-connect', place, ...args])
      .ended;
    const [, cipher] = /^New, \S+, Cipher is (\S+)$/m.exec(stdout.toString()) ?? [];
    return cipher === '(NONE)' ? /alert [a-z ]+/.exec(stderr)?.[0] : cipher;
  };
  const old = 'ECDHE-ECDSA-AES128-SHA';
  assert.equal(await connect('-tls1_2', '-cipher', `kRSA:${old}`), old, 'what old hosts have');
  assert.equal(await connect('-tls1_3'), 'TLS_AES_256_GCM_SHA384');
  assert.equal(await connect('-tls1_1', '-cipher', 'ALL@SECLEVEL=0'), 'alert protocol version');
  // The RSA key of an older server certificate could do without.
  await putServerCertificate(join(running.directory, 'certificates'), {
    usages: ['serverAuth', 'clientAuth'],
  });
  await running.receiver.reload();
  const oldRsa = 'ECDHE-RSA-AES128-SHA';
  assert.equal(await connect('-tls1_2', '-cipher', `kRSA:${oldRsa}`), oldRsa);
  assert.equal(await connect('-tls1_2', '-cipher', 'kRSA'), 'alert handshake failure');
  assert.equal(await connect('-tls1_2', '-cipher', 'AES256-GCM-SHA384'), 'alert handshake failure');
});
