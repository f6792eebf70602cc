/** The built receiver, killed under load: every 204 ever given is kept, or a newer output is there. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { initCertificates } from '../../src/certs/store.ts';
import { systemClock } from '../../src/clock.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { Accesses } from '../../src/receiver/state/accesses.ts';
import { readSpooled } from '../../src/spool/spool.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { courier } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

/** A share of the 300 in every run. */
const kills = process.env['COURIER_TEST_LONG'] === undefined ? 30 : 300;
const senders = 8;
const filler = 'x'.repeat(79).concat('\n').repeat(250);

interface Site {
  readonly directory: string;
  readonly port: number;
  readonly token: string;
}

async function makeSite(t: TestContext): Promise<Site> {
  const directory = await makeTempDir(t);
  await initCertificates(join(directory, 'certificates'), { site: 'mysite', names: [] });
  const accesses = await Accesses.open(join(directory, 'state'));
  const { secret } = await accesses.make({
    kind: 'upload',
    hosts: ['*'],
    piggyback: [],
    mode: 'push-agent',
    now: Date.now(),
    validMs: undefined,
  });
  return { directory, port: await findFreePort(), token: secret };
}

/** Resolves when hosts can send. */
async function startReceiver({ directory, port }: Site): Promise<ChildProcess> {
  const folders = ['certificates', 'spool', 'state'].map(
    (name) => `--${name}=${join(directory, name)}`,
  );
  const rates = ['--upload-rate=1000000', '--sender-upload-rate=1000000'];
  const places = ['--site=mysite', '--listen=127.0.0.1:0', `--plain-listen=127.0.0.1:${port}`];
  const child = spawn(courier, ['receive', ...places, ...folders, ...rates], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said = child.stderr;
  assert.ok(said);
  for await (const chunk of said) if (String(chunk).includes('hosts can send')) break;
  return child;
}

/** The status, or undefined when the connection was lost. */
function send({ port, token }: Site, host: string, body: string, agent: Agent) {
  return new Promise<number | undefined>((resolve) => {
    const headers = { authorization: `Bearer ${token}`, 'content-length': body.length };
    const path = `/v1/hosts/${host}/agent-output`;
    const sent = request({ port, agent, method: 'PUT', path, headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    sent.on('error', () => resolve(undefined));
    sent.end(body);
  });
}

/** Sends one output after the other until the receiver is gone; counts what was said to be safe. */
async function sendUntilGone(site: Site, host: string, safe: Map<string, number>): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const first = (safe.get(host) ?? 0) + 1;
  for (let number = first; ; number += 1) {
    const body = `<<<check_mk>>>\nNumber: ${number}\n<<<filler>>>\n${filler}`;
    const status = await send(site, host, body, agent);
    if (status === 204) safe.set(host, number);
    else {
      agent.destroy();
      assert.equal(status, undefined);
      return number - first;
    }
  }
}

async function assertSafe({ directory }: Site, safe: ReadonlyMap<string, number>): Promise<void> {
  for (const host of hosts) {
    const number = safe.get(host);
    if (number === undefined) continue;
    const spooled = await readSpooled(join(directory, 'spool'), parseHostName(host), {
      log,
      clock: systemClock,
    });
    const text = spooled?.output.toString() ?? '';
    const stored = Number(/^Number: (\d+)$/m.exec(text)?.[1]);
    assert.ok(stored >= number, `${host}: ${stored} is there, ${number} was said to be safe`);
    assert.ok(text.endsWith(filler), `${host}: torn`);
  }
}

const log = makeCollectingLog();
const hosts = Array.from({ length: senders }, (_, number) => `host${number}`);

test('every 204 survives kill -9 under load, or a newer output is there', async (t) => {
  const site = await makeSite(t);
  const safe = new Map<string, number>();
  let accepted = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    const receiver = await startReceiver(site);
    const sending = hosts.map((host) => sendUntilGone(site, host, safe));
    await sleep(20 + Math.random() * 200);
    receiver.kill('SIGKILL');
    await once(receiver, 'exit');
    for (const count of await Promise.all(sending)) accepted += count;
    await assertSafe(site, safe);
  }
  assert.ok(accepted > kills);
  t.diagnostic(`${kills} kills of the receiver, ${accepted} answers of 204, none lost, none torn`);
});
