/** What hosts have sealed stays sealed on its way through a broker, from their script to the site. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '../../src/cli/environment.ts';
import { systemClock } from '../../src/clock.ts';
import { CourierError } from '../../src/faults/errors.ts';
import { main } from '../../src/main.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { packOutput } from '../../src/nats/message.ts';
import { outputSubject } from '../../src/nats/subjects.ts';
import { keysOf, sealFile } from '../agents/host/courier-seal-shells.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { assertDocument } from '../helpers/json-document.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { makeSealSite } from '../sealing/seal-site.ts';
import { toPem } from '../sealing/sealing-kit.ts';
import { type Broker, startBroker } from '../transports/nats/broker.ts';
import { skipNats as skip } from '../transports/nats/conformance-peer.ts';

const output = '<<<check_mk>>>\nVersion: 2.4.0\n<<<local:sep(0)>>>\n0 "a" - sealed by its host\n';
const site = await makeSealSite({ after });
/** A machine that knows no keys of hosts. */
const keyless: Environment = { PATH: process.env['PATH'] };

let broker: Broker;
if (skip === false) broker = await startBroker();
after(() => broker?.close());

/** The drop that a host writes, encrypted for the site. */
function sealAt(host: string): Buffer {
  writeFileSync(join(keysOf('host'), 'site.pub'), toPem(site.publicKey));
  const args = [sealFile, `--keys=${keysOf('host')}`, `--host=${host}`];
  const { status, stdout, stderr } = spawnSync('sh', args, { input: output });
  assert.equal(status, 0, stderr.toString());
  return stdout;
}

async function run(env: Environment, ...args: readonly string[]) {
  const { said, ...context } = makeCommandContext();
  const code = await main(args, { ...context, clock: systemClock, env });
  return { code, ...said };
}

const show = (env: Environment, host: string, ...more: readonly string[]) =>
  run(env, 'broker', 'show', `nats://127.0.0.1:${broker.port}`, host, '--site=mysite', ...more);

async function enroll(host: string): Promise<void> {
  const enrolled = await run(
    site.env,
    'seals',
    'enroll',
    host,
    `${keysOf('host')}/key.pub`,
    '--yes',
  );
  assert.equal(enrolled.code, 0, enrolled.errors);
}

/** `collect` on a machine, until the test ends. @returns where it lays outputs ready */
async function collect(
  t: TestContext,
  env: Environment,
  sources: string,
  hosts: readonly string[],
): Promise<string> {
  const root = await makeTempDir(t);
  const route = `{ hosts: [${hosts.join()}], every: 1s, maxAge: 1h, sources: '${sources}' }`;
  writeFileSync(join(root, 'routes.yaml'), `routes: [${route}]\n`);
  const ended = new AbortController();
  const { said, ...context } = makeCommandContext(ended.signal);
  const places = ['--routes=routes.yaml', '--ready=ready', '--spool=spool'];
  const running = main(
    [
      'collect',
      ...places.map((place) => place.replace('=', `=${root}/`)),
      `--broker=nats://127.0.0.1:${broker.port}`,
      '--broker-site=mysite',
    ],
    { ...context, clock: systemClock, env },
  );
  t.after(async () => {
    ended.abort(new CourierError('INTERRUPTED', 'the test ends'));
    assert.equal(await running, 0, said.errors);
  });
  return join(root, 'ready');
}

function readReady(ready: string, host: string): string {
  try {
    return readFileSync(join(ready, host), 'utf8');
  } catch {
    return '';
  }
}

async function untilReady(ready: string, host: string, text: string): Promise<void> {
  while (!readReady(ready, host).includes(text)) await sleep(10);
}

const source = () => `nats://127.0.0.1:${broker.port}/mysite/{host}`;
const fetchFor = (env: Environment, host: string) => run(env, 'fetch', `--host=${host}`, source());

async function untilThere(host: string): Promise<void> {
  while ((await fetchFor(site.env, host)).errors.includes('NO_OUTPUT')) await sleep(20);
}

/** Puts something else in the place of what is there of a host, as who rules the broker can. */
async function replace(name: string, bytes: Buffer): Promise<void> {
  const host = parseHostName(name);
  const times = { producedAt: new Date(), receivedAt: new Date() };
  const { headers, body } = await packOutput({ host, output: bytes, ...times, origin: 'x' });
  await broker.publish(outputSubject('mysite', host), body, Object.fromEntries(headers));
}

test('a drop that cannot be opened here goes into the broker as it is, and is judged by who has the key', {
  skip,
}, async (t) => {
  const drop = sealAt('web01');
  await enroll('web01');
  const drops = await makeTempDir(t);
  writeFileSync(join(drops, 'web01'), drop);
  const ready = await collect(t, keyless, `${drops}/{host}`, ['web01']);
  await untilThere('web01');
  assert.equal((await fetchFor(site.env, 'web01')).output, output);

  const at = `COURIER at 127.0.0.1:${broker.port}`;
  const without = await fetchFor(keyless, 'web01');
  assert.deepEqual([without.code, without.output], [7, '']);
  assert.match(without.errors, /: this is sealed, and web01 has no enrolment; .* \(REFUSED\)\n$/);
  const line =
    'cmk-courier: file: web01: this is sealed, and is passed on as it is; it is not opened here (REFUSED)';
  await untilReady(ready, 'web01', line);
  const shown = await show(site.env, 'web01');
  assert.match(shown.output, /\nseal ok {3}output: 76 bytes, 2 sections\n$/);
  const unread = await show(keyless, 'web01');
  assert.match(unread.output, /\nseal FAIL signature: web01 has no enrolment \(REFUSED\)\n$/);
  assertDocument('broker show', (await show(keyless, 'web01', '--json')).output);
  assert.ok(!readReady(ready, 'web01').includes('cmk-courier-sealed'));

  const changed = Buffer.from(drop);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  for (const forged of [changed, Buffer.from(output)]) {
    await replace('web01', forged);
    const { code, errors } = await fetchFor(site.env, 'web01');
    assert.equal(code, forged === changed ? 12 : 7, errors);
    assert.ok(errors.includes(at), errors);
  }
});

test('a collector with the key serves its own site, and the broker gets the drop all the same', {
  skip,
}, async (t) => {
  await enroll('web02');
  const drops = await makeTempDir(t);
  writeFileSync(join(drops, 'web02'), sealAt('web02'));
  writeFileSync(join(drops, 'web03'), output);
  const ready = await collect(t, site.env, `${drops}/{host}`, ['web02', 'web03']);
  await untilReady(ready, 'web02', 'sealed by its host');
  for (const host of ['web02', 'web03']) {
    await untilThere(host);
    assert.equal((await fetchFor(site.env, host)).output, output);
  }
  assert.equal((await fetchFor(keyless, 'web02')).code, 7);

  const follower = await collect(t, site.env, source(), ['web02']);
  await untilReady(follower, 'web02', 'sealed by its host');
  const blind = await collect(t, keyless, source(), ['web02']);
  await untilReady(blind, 'web02', 'it is not opened here (REFUSED)');
  assert.equal((await fetchFor(site.env, 'web02')).output, output);
});
