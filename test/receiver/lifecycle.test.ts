import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { initCertificates, renewServerCertificate } from '../../src/certs/store.ts';
import { parseOptions } from '../../src/cli/options.ts';
import { systemClock } from '../../src/clock.ts';
import { receiverOptions, toSettings } from '../../src/receiver/options.ts';
import { Receiver } from '../../src/receiver/receiver.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { exchange, push, register } from '../peers/controller-client.ts';
import { goodOutput, type RunningReceiver, site, startReceiver } from './running-receiver.ts';

const trust = { rejectUnauthorized: false };

async function get(running: RunningReceiver, path: string): Promise<readonly [number, string]> {
  const response = await fetch(`http://127.0.0.1:${running.metricsPort}${path}`);
  return [response.status, await response.text()];
}

function upload(token: string) {
  const path = '/v1/hosts/web01/agent-output';
  return { method: 'PUT', path, headers: { authorization: `Bearer ${token}` }, body: goodOutput };
}

test('what is done is counted for Prometheus', async (t) => {
  const running = await startReceiver(t);
  const place = { port: running.port, site };
  assert.ok(!(await get(running, '/metrics'))[1].includes('oldest_output'));
  const token = await running.makeAccess({});
  await exchange(place, upload(token), trust);
  await exchange(place, upload('wrong'), trust);
  const [status, text] = await get(running, '/metrics');
  assert.equal(status, 200);
  const values = new Map(
    text.split('\n').map((line): [string, string] => {
      const [name = '', value = ''] = line.split(' ');
      return [name.replace('cmk_courier_receiver_', ''), value];
    }),
  );
  const expected = {
    requests_total: '2',
    uploads_total: '1',
    uploaded_bytes_total: String(goodOutput.length),
    'refusals_total{reason="unauthenticated"}': '1',
    'store_seconds_bucket{le="+Inf"}': '1',
    store_seconds_count: '1',
    spool_hosts: '1',
    uploads_under_way: '0',
    upload_memory_bytes: '0',
    certificate_not_after_seconds: String(
      Date.parse(new X509Certificate(running.certificates.serverCert).validTo) / 1000,
    ),
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(values.get(name), value, name);
  assert.ok(Number(values.get('fsync_seconds')) > 0);
  assert.ok(Number(values.get('oldest_output_age_seconds')) < 100);
  assert.ok(Number(values.get('spool_bytes')) >= goodOutput.length);
  const names = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  for (const name of names)
    assert.match(name, /^cmk_courier_receiver_\w+(\{\w+="[^"]+"\})? [\d.e+-]+$/);
});

test('health is told on an address of its own, which has nothing else', async (t) => {
  const running = await startReceiver(t);
  assert.deepEqual(await get(running, '/healthz'), [200, 'ok\n']);
  assert.deepEqual(await get(running, '/other'), [404, 'there are /healthz and /metrics\n']);
  assert.equal((await get(running, '/v1/hosts/x/agent-output'))[0], 404);
});

test('when the spool takes no more, hosts get 503, and health says so', async (t) => {
  const running = await startReceiver(t, { spoolHosts: ['1'] });
  const place = { port: running.port, site };
  const token = await running.makeAccess({});
  assert.equal((await exchange(place, upload(token), trust)).status, 204);
  const other = { ...upload(token), path: '/v1/hosts/web02/agent-output' };
  const refused = await exchange(place, other, trust);
  assert.equal(refused.status, 503);
  assert.equal(
    refused.body.toString(),
    'the output cannot be stored at the moment (LOCAL)\n',
    'no path of ours goes out',
  );
  const [status, why] = await get(running, '/healthz');
  assert.equal(status, 503);
  assert.match(why, /spool is full: it may hold 1 host\n$/);
  assert.equal(running.log.lines.filter((line) => line.startsWith('warn')).length, 1);
  assert.equal((await exchange(place, upload(token), trust)).status, 204);
  assert.deepEqual(await get(running, '/healthz'), [200, 'ok\n']);
});

test('trouble is told for a minute, whatever somebody sets the time to meanwhile', async (t) => {
  for (const stepMs of [3_600_000, -3_600_000]) {
    const clock = new FakeClock(Date.now());
    const running = await startReceiver(t, { spoolHosts: ['1'] }, clock);
    const place = { port: running.port, site };
    const token = await running.makeAccess({});
    assert.equal((await exchange(place, upload(token), trust)).status, 204);
    const other = { ...upload(token), path: '/v1/hosts/web02/agent-output' };
    assert.equal((await exchange(place, other, trust)).status, 503);
    clock.step(stepMs);
    assert.equal((await get(running, '/healthz'))[0], 503, `${stepMs}`);
    clock.advance(61_000);
    assert.deepEqual(await get(running, '/healthz'), [200, 'ok\n'], `${stepMs}`);
  }
});

test('ending, it finishes what runs and takes nothing more', async (t) => {
  const running = await startReceiver(t, { drainTimeout: ['20s'] });
  const token = await running.makeAccess({});
  const socket = connect({ host: '127.0.0.1', port: running.port, ...trust });
  await once(socket, 'secureConnect');
  socket.write(
    `PUT /v1/hosts/web01/agent-output HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Length: ${goodOutput.length}\r\n\r\n`,
  );
  await waitUntil(() => running.receiver.load.uploads > 0);
  const stopped = running.receiver.stop();
  const late = await exchange({ port: running.port, site }, upload(token), trust).catch(
    (error: Error) => error,
  );
  assert.ok(late instanceof Error);
  socket.write(goodOutput);
  const [answer] = await once(socket, 'data');
  assert.match(String(answer), /^HTTP\/1\.1 204 /);
  await stopped;
  await running.receiver.stop();
  assert.equal(await running.readOutput('web01'), goodOutput.toString());
});

test('ending, it waits no longer than it was told', async (t) => {
  const running = await startReceiver(t, { drainTimeout: ['100ms'] });
  const socket = connect({ host: '127.0.0.1', port: running.port, ...trust });
  await once(socket, 'secureConnect');
  socket.on('error', () => undefined);
  const token = await running.makeAccess({});
  socket.write(
    `PUT /v1/hosts/web01/agent-output HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Length: 999\r\n\r\n`,
  );
  await waitUntil(() => running.receiver.load.uploads > 0);
  const closed = once(socket, 'close');
  await running.receiver.stop();
  await closed;
  assert.ok(running.log.lines.some((line) => line.includes('requests were cut off')));
});

test('reloading, it shows the new certificate to hosts that notice nothing', async (t) => {
  const running = await startReceiver(t);
  const place = { port: running.port, site };
  const password = await running.makeAccess({ kind: 'user', name: 'admin' });
  const connection = await register(place, { user: 'admin', password }, 'web01');
  const before = await shownCertificate(running);
  await renewServerCertificate(running.certificates.directory, { site, names: ['new.example'] });
  await running.receiver.reload();
  const after = await shownCertificate(running);
  assert.notEqual(after, before);
  await push(place, connection, goodOutput);
  await rm(join(running.certificates.directory, 'server.pem'));
  await running.receiver.reload();
  assert.equal(await shownCertificate(running), after);
  assert.ok(running.log.lines.some((line) => line.includes('going on with those from before')));
  await push(place, connection, goodOutput);
});

async function shownCertificate({ port }: RunningReceiver): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, ...trust });
  await once(socket, 'secureConnect');
  const serial = socket.getPeerX509Certificate()?.serialNumber ?? '';
  socket.destroy();
  return serial;
}

function makeReceiver(directory: string, certificates: string, listen = '127.0.0.1:0'): Receiver {
  const settings = toSettings(
    parseOptions(receiverOptions, {
      site: [site],
      listen: [listen],
      certificates: [certificates],
      spool: [join(directory, 'spool')],
      state: [join(directory, 'state')],
    }),
    {},
  );
  return new Receiver(settings, systemClock, makeCollectingLog());
}

test('it does not start with a certificate controllers would refuse, without one, or on a taken port', async (t) => {
  const directory = await makeTempDir(t);
  const certificates = join(directory, 'certificates');
  await expectFault(makeReceiver(directory, certificates).start(), 'LOCAL', /no such file/);
  const old = new Date(Date.now() - 40 * 365 * 86_400_000);
  await initCertificates(certificates, { site, names: [], now: old });
  await expectFault(
    makeReceiver(directory, certificates).start(),
    'CONFIG',
    /^an agent controller would refuse the server certificate in .*expired/,
  );
  const running = await startReceiver(t);
  await expectFault(
    makeReceiver(directory, running.certificates.directory, `127.0.0.1:${running.port}`).start(),
    'LOCAL',
    new RegExp(`^listening at 127.0.0.1:${running.port}: address already in use$`),
  );
});

test('without an address it listens for IPv4 and IPv6', async (t) => {
  const port = await findFreePort();
  const running = await startReceiver(t, { listen: [`:${port}`] });
  assert.equal(running.port, port);
  for (const host of ['127.0.0.1', '::1']) {
    const socket = connect({ host, port, ...trust });
    await once(socket, 'secureConnect');
    socket.destroy();
  }
});

test('what a crash left half-way written is removed, and a damaged file is named', async (t) => {
  const directory = await makeTempDir(t);
  const running = await startReceiver(t);
  const hosts = join(directory, 'state', 'hosts');
  await mkdir(hosts, { recursive: true });
  await writeFile(join(hosts, '.new-123'), '{"host":');
  const receiver = makeReceiver(directory, running.certificates.directory);
  await receiver.start();
  await receiver.stop();
  assert.deepEqual(await readdir(hosts), ['.locks']);
  const token = await running.makeAccess({});
  const [, name = ''] = (await readdir(join(running.directory, 'state', 'access'))).sort();
  await writeFile(join(running.directory, 'state', 'access', name), '{ "kind": ');
  const place = { port: running.port, site };
  assert.equal((await exchange(place, upload(token), trust)).status, 503);
  assert.ok(running.log.lines.some((line) => line.includes(`${name}: `)));
});
