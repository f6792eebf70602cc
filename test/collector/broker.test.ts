import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { collectorStatus } from '../../src/collector/status-shape.ts';
import { assertDocument } from '../helpers/json-document.ts';
import { courier, start } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { makeSiteStream } from '../nats/stream-reader.ts';
import { skipWithoutNats } from '../peers/nats-program.ts';
import { startNatsServers } from '../peers/nats-server.ts';
import { makeOutput } from './running-collector.ts';

test('collect --broker puts what it fetched into the stream, too, also what came while the broker was away', {
  skip: skipWithoutNats(),
  timeout: 40_000,
}, async (t) => {
  const peer = await startNatsServers();
  t.after(() => peer.close());
  const stream = await makeSiteStream(t, peer.urls);
  const root = await makeTempDir(t);
  const [drops, routes] = [join(root, 'drops'), join(root, 'routes.yaml')];
  mkdirSync(drops);
  writeFileSync(join(drops, 'web01'), makeOutput('web01'));
  const route = `{ hosts: [web01, web02], sources: '${drops}/{host}' }`;
  writeFileSync(
    routes,
    `defaults: { every: 1s }
routes: [${route}]
`,
  );
  const [server] = peer.servers;
  await server?.kill();
  const options = [`--routes=${routes}`, `--ready=${root}/ready`, `--spool=${root}/spool`];
  const broker = [
    `--broker=${peer.urls.join()}`,
    '--broker-site=mysite',
    '--broker-patience=300ms',
  ];
  const running = start(courier, ['collect', ...options, ...broker]);
  let isRunning = true;
  t.after(() => isRunning && process.kill(running.pid, 'SIGKILL'));
  await sleep(1500);
  await server?.start();
  while ((await stream.last('web01').catch(() => undefined)) === undefined) await sleep(50);
  writeFileSync(join(drops, 'web02'), makeOutput('web02'));
  while ((await stream.last('web02')) === undefined) await sleep(50);
  const asked = await start(courier, ['status', '--json', `--ready=${root}/ready`]).ended;
  const document = asked.stdout.toString();
  assertDocument('status', document);
  const { broker: shown } = collectorStatus.parse(JSON.parse(document));
  // Whether some of it waits at this very moment is a matter of chance.
  assert.ok((shown?.stored ?? 0) >= 1, JSON.stringify(shown));
  process.kill(running.pid, 'SIGTERM');
  const { stderr } = await running.ended;
  isRunning = false;
  assert.match(
    stderr,
    /the broker is away, outputs wait on disk.*\n[\s\S]*"msg":"the broker is back"/,
  );
  assert.match(stderr, /"msg":"ended"\}\n$/);
});
