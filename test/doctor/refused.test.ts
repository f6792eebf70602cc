/** `doctor HOST`: what a receiver has last refused to the host, and whether that is why nothing comes. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { RawOptions } from '../../src/cli/options.ts';
import { systemClock } from '../../src/clock.ts';
import { doctor } from '../../src/commands/doctor.ts';
import { LastRefusals } from '../../src/receiver/state/last-refusals.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { makeSiteTree } from '../peers/site-tree.ts';
import { curlUpload } from '../receiver/curl.ts';
import { goodOutput, type RunningReceiver, startReceiver } from '../receiver/running-receiver.ts';
import { noteReport } from './named-cause.ts';

const uuid = 'd38e7e53-5f2b-4c1c-9d2a-0a1b2c3d4e5f';
const bearer = (token: string) => ['-H', `Authorization: Bearer ${token}`];

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { mode: 0o600 });
}

/** A site that has a push host, whose output came so many minutes ago; undefined: never. */
async function makeSite(t: TestContext, minutesAgo?: number) {
  const { root, env } = await makeSiteTree(t);
  await put(join(root, 'bin/cmk'), "#!/bin/sh\nprintf 'Addresses: 127.0.0.1\\npush-agent\\n'\n");
  await chmod(join(root, 'bin/cmk'), 0o755);
  if (minutesAgo !== undefined) {
    const path = join(root, 'tmp/check_mk/data_source_cache/push-agent/web01');
    await put(path, goodOutput.toString());
    const then = Date.now() / 1000 - minutesAgo * 60;
    await utimes(path, then, then);
  }
  return { root, env };
}

type Site = Awaited<ReturnType<typeof makeSite>>;

async function print({ env }: Site, options: RawOptions): Promise<string> {
  const context = { ...makeCommandContext(), env, clock: systemClock };
  const only = ['configuration,registration,age,refused'];
  const raw = { address: ['127.0.0.1'], only, ...options };
  await doctor.run({ operands: ['web01'], options: raw }, context);
  return context.said.output;
}

async function look(site: Site, options: RawOptions = {}) {
  const said = await print(site, { json: ['true'], ...options });
  const document = JSON.parse(said);
  assert.equal(document.summary.crashed, 0, said);
  return document;
}

function stepOf(document: { steps: { id: string }[] }, id = 'refused') {
  return JSON.parse(JSON.stringify(document.steps.find((step) => step.id === id)));
}

/** The receiver answers first, and writes then. */
async function waitForRecord(running: RunningReceiver, status: number, host = 'web01') {
  const path = join(running.directory, `state/refused/${host}.json`);
  const written = () =>
    existsSync(path) && JSON.parse(readFileSync(path, 'utf8')).status === status;
  await waitUntil(written);
}

const skip = skipWithout('curl');
const state = ({ directory }: RunningReceiver) => ({ receiverState: [join(directory, 'state')] });

test('a token that is not accepted, damaged output, another host: each is why nothing comes', {
  skip,
}, async (t) => {
  const running = await startReceiver(t);
  const site = await makeSite(t);
  const token = await running.makeAccess({ hosts: ['web*'] });
  const other = await running.makeAccess({ hosts: ['db*'] });
  await curlUpload(running, 'web01', goodOutput, bearer(token));
  const refuse = async (what: string, status: number, [sent, with_]: [Buffer, string]) => {
    await curlUpload(running, 'web01', sent, bearer(with_));
    await waitForRecord(running, status);
    return what;
  };
  const unknown = randomBytes(24).toString('hex');
  const cases = [
    ['a token that nobody has', 401, [goodOutput, unknown], 'push-unauthenticated'],
    ['a token of another host', 403, [goodOutput, other], 'push-forbidden'],
    ['output that is none', 400, [Buffer.from('<html></html>'), token], 'push-refused'],
  ] as const;
  for (const [what, status, [sent, secret], code] of cases) {
    await refuse(what, status, [sent, secret]);
    const document = await look(site, state(running));
    assert.equal(noteReport(`${what}, pushed`, 'site', code, document), code);
    assert.equal(document.verdict, 'fault');
    const record = readFileSync(join(running.directory, 'state/refused/web01.json'), 'latin1');
    const texts = [JSON.stringify(document), record];
    for (const form of ['facts', 'redact', 'plugin', 'quiet']) {
      texts.push(await print(site, { ...state(running), [form]: ['true'] }));
    }
    for (const canary of [token, other, unknown]) {
      assert.ok(!texts.join('\n').includes(canary));
    }
  }
  const { text, raw_error: said, evidence } = stepOf(await look(site, state(running)));
  assert.match(text, /^refused, [0-9.]+m?s ago$/);
  assert.match(said, /HTML/);
  assert.equal(evidence.reason, 'malformed');
});

test('who was not let in, from elsewhere, may be anybody: a hint, and no verdict', {
  skip,
}, async (t) => {
  const running = await startReceiver(t);
  const site = await makeSite(t);
  const token = await running.makeAccess({ hosts: ['web*'] });
  await curlUpload(running, 'web01', goodOutput, bearer(token));
  await curlUpload(running, 'web01', goodOutput, bearer('unknown'));
  await waitForRecord(running, 401);
  const program = "#!/bin/sh\nprintf 'Addresses: 192.0.2.21\npush-agent\n'\n";
  await writeFile(join(site.root, 'bin/cmk'), program);
  const document = await look(site, { ...state(running), address: ['192.0.2.21'] });
  const { status, code } = stepOf(document);
  assert.deepEqual([status, code], ['warning', 'push-unauthenticated']);
  assert.equal(document.cause.code, 'push-stale');
});

test('a host that sends too often is not told that it is wrong', { skip }, async (t) => {
  const running = await startReceiver(t, { uploadRate: ['1'] });
  const site = await makeSite(t);
  const token = await running.makeAccess({ hosts: ['web*'] });
  for (let n = 0; n < 3; n += 1) await curlUpload(running, 'web01', goodOutput, bearer(token));
  await waitForRecord(running, 429);
  const document = await look(site, state(running));
  const named = noteReport('too many outputs a minute', 'site', 'push-not-taken', document);
  assert.equal(named, 'push-not-taken');
});

test('the record is for its owner alone, has no secret, and is not believed when others may write', {
  skip,
}, async (t) => {
  const running = await startReceiver(t);
  const site = await makeSite(t);
  const token = await running.makeAccess({ hosts: ['web*'] });
  await curlUpload(running, 'web01', Buffer.from('x'), bearer(token));
  await waitForRecord(running, 400);
  const path = join(running.directory, 'state/refused/web01.json');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.ok(!(await readFile(path, 'latin1')).includes(token));
  await chmod(path, 0o666);
  const { status, text } = stepOf(await look(site, state(running)));
  assert.equal(status, 'unknown');
  assert.match(text, /others may change/);
});

test('strangers make no records of hosts that nobody knows, and hide none', { skip }, async (t) => {
  const running = await startReceiver(t);
  const token = await running.makeAccess({ hosts: ['web*'] });
  await curlUpload(running, 'web09', goodOutput, bearer('wrong'));
  await curlUpload(running, 'web01', Buffer.from('x'), bearer(token));
  await waitForRecord(running, 400);
  await curlUpload(running, 'web01', goodOutput, bearer('wrong'));
  await curlUpload(running, 'web02', Buffer.from('x'), bearer(token));
  const records = LastRefusals.lookInto(join(running.directory, 'state'));
  await waitForRecord(running, 400, 'web02');
  assert.equal((await records.read('web01'))?.status, 400);
  assert.equal(await records.read('web09'), undefined);
});

const lines: readonly (readonly [said: string, code: string])[] = [
  ['Host is not a push host', 'push-not-allowed'],
  ['Host is not registered', 'push-unregistered'],
  ['Decompression of agent data failed: x', 'push-refused'],
];

for (const [said, code] of lines) {
  test(`the log of Checkmk's receiver: ${said}`, async (t) => {
    const site = await makeSite(t, 60);
    const time = new Date().toLocaleString('sv-SE');
    const log = `2020-01-01 00:00:00,1 [4] uuid=${uuid} Agent data saved\n${time},123 [40] uuid=${uuid} ${said}\n`;
    await put(join(site.root, 'var/log/agent-receiver/agent-receiver.log'), log);
    const document = await look(site, { uuid: [uuid] });
    assert.equal(noteReport(`Checkmk's receiver: ${said}`, 'site', code, document), code);
  });
}

test('what was refused before the last output is history', async (t) => {
  const site = await makeSite(t, 0);
  const log = `2020-01-01 00:00:00,1 [4] uuid=${uuid} Host is not registered\n`;
  await put(join(site.root, 'var/log/agent-receiver/agent-receiver.log'), log);
  const document = await look(site, { uuid: [uuid] });
  assert.deepEqual([document.verdict, stepOf(document).status], ['ok', 'skipped']);
});

const told: readonly (readonly [said: string, code: string])[] = [
  ['Wrong site: This host is monitored on the site x, but you tried', 'register-wrong-site'],
  ['This host is a cluster host. Register its nodes instead.', 'register-cluster'],
  ['The Checkmk raw edition does not support registration of new hosts', 'register-edition'],
  ['UUID (1) does not match CN (2) of CSR.', 'push-other-uuid'],
  ['Request failed with code 403 Forbidden: Host is not registered', 'push-unregistered'],
];

for (const [said, code] of told) {
  test(`the host was told: ${said}`, async (t) => {
    const site = await makeSite(t);
    const path = join(site.root, 'report.json');
    const started = `${new Date().toISOString().slice(0, 19)}Z`;
    const step = { id: 'starter', status: 'ok', code: null, raw_error: null, duration_ms: 1 };
    const head = { schema: 1, program: 'courier-doctor 0.1.0', host: 'web01', run: null, started };
    const steps = [{ ...step, evidence: { last_log: ['started', `WARN ${said}`, 'next in 60s'] } }];
    await put(path, JSON.stringify({ ...head, duration_ms: 1, steps }));
    const document = await look(site, { hostReport: [path] });
    assert.equal(
      noteReport(`the host was told: ${said.slice(0, 40)}`, 'both', code, document),
      code,
    );
  });
}
