import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import type { RawOptions } from '../../src/cli/options.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { makeSiteStream } from '../nats/stream-reader.ts';
import { skipWithoutNats } from '../peers/nats-program.ts';
import { type NatsPeer, startNatsServers } from '../peers/nats-server.ts';
import { goodOutput, type RunningReceiver, site, startReceiver } from './running-receiver.ts';
import { openUploads, type Uploads } from './uploading.ts';

const skip = skipWithoutNats();
const taken = { status: 204, body: '' };
let peer: NatsPeer;

before(async () => {
  if (skip === false) peer = await startNatsServers({ configuration: 'max_payload: 64KB' });
});

after(() => peer?.close());

interface Running extends RunningReceiver {
  readonly uploads: Uploads;
  /** When the output of a host in the stream was produced. */
  producedInStream(host: string): Promise<Date | undefined>;
  metric(name: string): Promise<string | undefined>;
}

async function start(t: TestContext, options: RawOptions = {}): Promise<Running> {
  const stream = await makeSiteStream(t, peer.urls, { site });
  const broker = [peer.urls.join(',')];
  const running = await startReceiver(t, { broker, ...options });
  const token = await running.makeAccess({});
  const uploads = openUploads({ port: running.port, ca: running.certificates.rootCert, token });
  t.after(() => uploads.close());
  return {
    ...running,
    uploads,
    producedInStream: async (host) => (await stream.last(host))?.producedAt,
    metric: async (name) => {
      const page = await fetch(`http://127.0.0.1:${running.metricsPort}/metrics`);
      const found = new RegExp(`^cmk_courier_receiver_${name} (.*)$`, 'm').exec(await page.text());
      return found?.[1];
    },
  };
}

test('a broker that cannot be asked is told at the start, and not with the first output', {
  skip,
}, async (t) => {
  const port = await findFreePort();
  const running = await startReceiver(t, { broker: [`nats://127.0.0.1:${port}`] });
  const isTold = () => running.log.lines.some((line) => line.includes('cannot be asked yet'));
  await waitUntil(isTold);
  const told = running.log.lines.find((line) => line.includes('cannot be asked yet'));
  const line = `the broker cannot be asked yet: connecting to 127.0.0.1:${port}: connection refused`;
  assert.equal(told, `warn ${line} { code: 'UNREACHABLE' }`);
});

test('a broker without the stream is told at the start', { skip }, async (t) => {
  const running = await startReceiver(t, {
    broker: [peer.urls.join(',')],
    brokerStream: ['OTHER'],
  });
  const isTold = () => running.log.lines.some((line) => line.includes('has no stream OTHER'));
  await waitUntil(isTold);
});

test('with --broker, 204 says that the stream has the output; an older one that comes later is dropped', {
  skip,
}, async (t) => {
  const running = await start(t);
  const [older, newer] = [new Date(Date.now() - 60_000), new Date(Date.now() - 1000)];
  assert.deepEqual(await running.uploads.put('web01', goodOutput, newer), taken);
  assert.deepEqual(await running.producedInStream('web01'), newer);
  assert.deepEqual(await running.uploads.put('web01', goodOutput, older), taken);
  assert.deepEqual(await running.producedInStream('web01'), newer);
  assert.equal(await running.metric('broker_stored_total'), '1');
  assert.equal(await running.metric('broker_older_outputs_total'), '1');
  const dropped = running.log.lines.find((line) => line.includes('older output dropped'));
  const times = `produced ${older.toISOString()}, there is one of ${newer.toISOString()}`;
  assert.ok(
    dropped?.startsWith(`info older output dropped: ${times} (the broker) {`),
    'the drop is not told',
  );
});

test('output larger than the broker takes is refused with 413, both numbers and the setting', {
  skip,
}, async (t) => {
  const { uploads } = await start(t);
  const noise = Array.from({ length: 40_000 }, () => Math.random().toString(36)).join('');
  const { status, body } = await uploads.put('web02', `${goodOutput}<<<x>>>\n${noise}\n`);
  assert.equal(status, 413);
  assert.match(
    body,
    /^the message has \d+ bytes, the broker allows 65536 \(max_payload\) \(TOO_LARGE\)\n$/,
  );
});

test('the broker dies: outputs wait on disk, past a restart of the receiver, and follow when it is back', {
  skip,
}, async (t) => {
  const running = await start(t, { brokerPatience: ['300ms'] });
  const { uploads } = running;
  await uploads.put('web03', goodOutput, new Date(Date.now() - 9000));
  const [server] = peer.servers;
  await server?.kill();
  const [first, last] = [new Date(Date.now() - 5000), new Date(Date.now() - 1000)];
  assert.deepEqual(await uploads.put('web03', goodOutput, first), taken);
  assert.deepEqual(await uploads.put('web03', goodOutput, last), taken);
  assert.equal(await running.metric('broker_waiting_hosts'), '1');
  assert.equal(await running.metric('broker_away'), '1');
  assert.match(
    running.receiver.findNotice() ?? '',
    /^the broker is away, 1 host waiting on disk for \d+m?s: .*connection refused$/,
  );
  await running.restart();
  await server?.start();
  let found: Date | undefined;
  await waitUntilAsync(async () => {
    found = await running.producedInStream('web03').catch(() => undefined);
    return found?.getTime() === last.getTime();
  });
  assert.deepEqual(found, last);
});

test('with --broker-only outputs are refused with 503 while the broker is away', {
  skip,
}, async (t) => {
  const running = await start(t, { brokerOnly: ['true'], brokerPatience: ['300ms'] });
  const [server] = peer.servers;
  await server?.kill();
  const said = { status: 503, body: 'the output cannot be stored at the moment (LOCAL)\n' };
  assert.deepEqual(await running.uploads.put('web04', goodOutput), said);
  const health = await fetch(`http://127.0.0.1:${running.metricsPort}/healthz`);
  assert.equal(health.status, 503);
  assert.match(await health.text(), /^the broker is away: .*: connection refused\n$/);
  await server?.start();
  assert.deepEqual(await running.uploads.put('web04', goodOutput), taken);
});

async function waitUntilAsync(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50));
}
