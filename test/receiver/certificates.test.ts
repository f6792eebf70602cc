/** The receiver's own certificates: what it says of them while it runs. */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { toTime } from '../../src/certs/dates.ts';
import { renewServerCertificate } from '../../src/certs/store.ts';
import { putServerCertificate } from '../certs/own-server.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { type RunningReceiver, site, startReceiver } from './running-receiver.ts';

const dayMs = 86_400_000;

async function health({ metricsPort }: RunningReceiver): Promise<readonly [number, string]> {
  const response = await fetch(`http://127.0.0.1:${metricsPort}/healthz`);
  return [response.status, await response.text()];
}

function warnings({ log }: RunningReceiver): readonly string[] {
  return log.lines.filter((line) => line.startsWith('warn'));
}

test('a certificate that expires is told from 30 days before, daily, and by /healthz in the last 3', async (t) => {
  const clock = new FakeClock(Date.now());
  const running = await startReceiver(t, {}, clock);
  const until = new X509Certificate(running.certificates.serverCert).validToDate;
  const remedy = 'cmk-courier certs server renews it, a reload of the receiver uses it';
  const lineOf = (when: string) => `server.pem ${when}, at ${toTime(until)}; ${remedy}`;
  const said: string[] = [];
  const goTo = async (daysLeft: number, when?: string) => {
    clock.set(until.getTime() - daysLeft * dayMs);
    // Whatever it had to say it has said when it sleeps again.
    await waitUntil(() => clock.sleeping > 0);
    if (when !== undefined) said.push(`warn ${lineOf(when)} {}`);
    assert.deepEqual(warnings(running), said);
  };
  await goTo(30.5);
  await goTo(29.5, 'expires in 29 days');
  await goTo(29.4);
  await goTo(28.4, 'expires in 28 days');
  assert.deepEqual(await health(running), [200, 'ok\n']);
  await goTo(3.1, 'expires in 3 days');
  assert.deepEqual(await health(running), [200, 'ok\n']);
  await goTo(2.9);
  assert.deepEqual(await health(running), [503, `${lineOf('expires in 2 days')}\n`]);
  assert.equal(running.receiver.findTrouble(), undefined, 'the watchdog is not to end it');
  await goTo(-0.5, 'has expired');
  assert.deepEqual(await health(running), [503, `${lineOf('has expired')}\n`]);
  const now = new Date(clock.now());
  await renewServerCertificate(running.certificates.directory, { site, names: [], now });
  await running.receiver.reload();
  assert.deepEqual(await health(running), [200, 'ok\n']);
  assert.deepEqual(warnings(running), said);
});

test('at the start, what expires soon and what hosts would refuse when pulled is named', async (t) => {
  const { certificates } = await startReceiver(t);
  const until = new Date(Date.now() + 9.5 * dayMs);
  await putServerCertificate(certificates.directory, { usages: ['serverAuth'], until });
  const running = await startReceiver(t, { certificates: [certificates.directory] });
  const renew = 'a reload of the receiver uses it {}';
  const expected = [
    `warn server.pem expires in 9 days, at ${toTime(until)}; cmk-courier certs server renews it, ${renew}`,
    `warn server.pem is for servers only, so hosts registered here refuse it when they are pulled; cmk-courier certs server makes one for both, ${renew}`,
  ];
  assert.deepEqual(warnings(running), expected);
  await running.receiver.reload();
  assert.deepEqual(warnings(running), [...expected, ...expected], 'said again when read again');
  await renewServerCertificate(certificates.directory, { site, names: [] });
  await running.receiver.reload();
  assert.equal(warnings(running).length, 4);
});
