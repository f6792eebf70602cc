/** What collector and receiver tell, read by Prometheus itself; and each question of the dashboard. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/clock.ts';
import { Collector } from '../../src/collector/collector.ts';
import { serveMetrics } from '../../src/collector/serving-metrics.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { makeTempDir, removeTempDir } from '../helpers/temp-dir.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { exchange } from '../peers/controller-client.ts';
import { startPrometheus } from '../peers/prometheus.ts';
import { goodOutput, site, startReceiver } from '../receiver/running-receiver.ts';

/** web01 answers, web02 does not. */
async function startCollector(t: TestContext) {
  const directory = await makeTempDir();
  const drops = join(directory, 'drops');
  await mkdir(drops);
  await writeFile(join(drops, 'web01'), goodOutput);
  const routesPath = join(directory, 'routes.yaml');
  const route = `name: all, hosts: [web01, web02], sources: '${drops}/{host}', every: 1s, maxAge: 1h`;
  await writeFile(routesPath, `routes: [{ ${route} }]`);
  const log = makeCollectingLog();
  const places = { readyDirectory: join(directory, 'ready'), spoolDirectory: join(directory, 's') };
  const collector = new Collector(
    { routesPath, ...places, maxSpoolBytes: 1e9, maxSpoolHosts: 10 },
    { ...makeCommandContext(), clock: systemClock, log, env: process.env },
  );
  const port = await findFreePort();
  const server = await serveMetrics({ address: '127.0.0.1', port }, collector, log);
  t.after(async () => {
    server.close();
    await collector.stop();
    await removeTempDir(directory);
  });
  await collector.start();
  return { collector, port, log };
}

async function read(port: number | undefined, path = '/metrics'): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}${path}`)).text();
}

function lint(input: string): readonly unknown[] {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input });
  return [status, String(stdout), String(stderr)];
}

const skip = skipWithout('promtool') || skipWithout('prometheus');

test('Prometheus reads what is told, its linter is content, each question of the dashboard has an answer', {
  skip,
}, async (t) => {
  const { collector, port, log } = await startCollector(t);
  const receiver = await startReceiver(t);
  const token = await receiver.makeAccess({});
  const upload = { method: 'PUT', path: '/v1/hosts/web01/agent-output', body: goodOutput };
  for (const given of [token, 'wrong']) {
    const headers = { authorization: `Bearer ${given}` };
    await exchange(
      { port: receiver.port, site },
      { ...upload, headers },
      { rejectUnauthorized: false },
    );
  }
  await waitUntil(() => collector.status().cycles.faulty > 0 && collector.status().cycles.good > 0);
  assert.equal(await read(port, '/healthz'), 'ok\n');
  assert.deepEqual(lint(await read(port)), [0, '', '']);
  assert.deepEqual(lint(await read(receiver.metricsPort)), [0, '', '']);

  const prometheus = await startPrometheus(t, {
    collector: port,
    receiver: receiver.metricsPort ?? 0,
  });
  const isRead = async () => (await prometheus.query('sum(up) == 2')).length === 1;
  // A rate needs two values.
  const hasRate = async () =>
    (await prometheus.query('rate(cmk_courier_receiver_requests_total[10s])')).length === 1 &&
    (await prometheus.query('rate(cmk_courier_collector_faults_total[10s])')).length === 1;
  while (!((await isRead()) && (await hasRate()))) await sleep(100);
  const faults = await prometheus.query('cmk_courier_collector_faults_total');
  assert.deepEqual(
    faults.map(({ metric }) => metric['code']),
    ['NO_OUTPUT'],
  );
  const served = await prometheus.query('cmk_courier_collector_hosts == 1');
  assert.deepEqual(
    new Set(served.map(({ metric }) => metric['served'])),
    new Set(['output', 'fault']),
  );
  for (const expression of readDashboard()) {
    assert.ok((await prometheus.query(expression)).length > 0, expression);
  }
  assert.ok(log.lines.some((line) => line.startsWith('info metrics are told')));
});

/** Each question, as Grafana asks it. */
function readDashboard(): readonly string[] {
  const { panels } = JSON.parse(readFileSync('docs/grafana/cmk-courier.json', 'utf8'));
  const asked: string[] = panels.flatMap((panel: { targets?: { expr: string }[] }) =>
    (panel.targets ?? []).map(({ expr }) => expr),
  );
  assert.ok(asked.length > 20);
  return asked.map((expression) =>
    expression.replaceAll('$__rate_interval', '10s').replace(/\$(collector|receiver)/g, '.*'),
  );
}

test('an address that is taken costs the metrics, and no host', async (t) => {
  const first = await startCollector(t);
  const log = makeCollectingLog();
  const taken = { address: '127.0.0.1', port: first.port };
  const server = await serveMetrics(taken, first.collector, log);
  server.close();
  assert.match(log.lines.join('\n'), /^warn no metrics: .*in use/);
  assert.match(await read(first.port), /^cmk_courier_collector_fetches_limit \d+$/m);
});
