/** `doctor site`: each cause of the installation brought about, and an installation that is fine. */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { initCertificates, renewServerCertificate } from '../../../src/certs/store.ts';
import { collect } from '../../../src/commands/collect.ts';
import { installationCauses } from '../../../src/doctor/causes/installation.ts';
import { exitOf } from '../../../src/doctor/print.ts';
import { findScene } from '../../../src/doctor/site/find-scene.ts';
import type { SiteFinding } from '../../../src/doctor/site/scene.ts';
import { program } from '../../../src/doctor/site/steps/program.ts';
import { versions } from '../../../src/doctor/site/steps/versions.ts';
import { version } from '../../../src/version.ts';
import { makeStatus } from '../../collector/statuses.ts';
import { makeCommandContext } from '../../helpers/command-context.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { findFreePort } from '../../helpers/free-port.ts';
import { mountSmall } from '../../spool/small-disk.ts';
import { noteCase } from '../named-cause.ts';
import { awayStatuses, wellStatus } from './away-statuses.ts';
import { good, Installation, type Look, listenHere, makeGood } from './installations.ts';

type OwnCause = keyof typeof installationCauses;

const shown = new Set<string>();

/** Paths and ports are others each time. */
function describe(step: string, text = ''): string {
  return `${step}: ${text.replace(/\/\S+/g, 'PATH').replace(/\d+/g, 'N').slice(0, 60)}`;
}

/** Looks, and holds what the step says against the cause. */
async function expectCause(
  installation: Installation,
  step: string,
  code: OwnCause,
  status: 'fault' | 'warning' = 'fault',
): Promise<void> {
  const look = await installation.look();
  const found = look.steps.find(({ id }) => id === step);
  noteCase({
    what: describe(step, found?.text),
    view: 'installation',
    wanted: code,
    named: found?.code ?? 'ok',
    status: found?.status ?? 'unknown',
    ms: found?.duration_ms ?? null,
  });
  assert.deepEqual([found?.status, found?.code], [status, code], JSON.stringify(found));
  assert.equal(look.verdict === 'fault', look.exit !== 0);
  assert.notEqual(look.cause, null);
  shown.add(code);
}

test('an installation that is fine is told in a line and a sentence, with exit code 0', async (t) => {
  const installation = await makeGood(t);
  const look = await installation.look();
  const bad = look.steps.filter(({ status }) => status !== 'ok' && status !== 'unknown');
  // How many files may be open is up to the machine.
  assert.deepEqual(
    bad.filter(({ code }) => code !== 'own-few-files'),
    [],
  );
  assert.equal(look.exit, 0);
  const { output } = await installation.run('--quiet');
  assert.match(output, /^mysite: .*\.\n$/);
});

test('mistakes in the routes file', async (t) => {
  const installation = (await makeGood(t)).routes('routes:', '  - { hosts: x }');
  await expectCause(installation, 'routes', 'own-routes-wrong');
});

test('a password file that is not there, and one in the store of a site', async (t) => {
  const installation = await makeGood(t);
  const source = "{ uri: 'https://x/{host}', user: me, passwordFile: /nowhere/password }";
  installation.routes('routes:', `  - { hosts: x, sources: [${source}] }`);
  await expectCause(installation, 'passwords', 'own-secret-unusable');
  const stored = "{ uri: 'https://x/{host}', user: me, passwordId: 'id:/nowhere/store' }";
  installation.routes('routes:', `  - { hosts: x, sources: [${stored}] }`);
  await expectCause(installation, 'passwords', 'own-secret-unusable');
});

test('a routes file that others may change', async (t) => {
  const installation = await makeGood(t);
  chmodSync(installation.path('etc/cmk-courier/routes.yaml'), 0o666);
  await expectCause(installation, 'places', 'own-place-open');
});

test('a collector that is a service and does not run', async (t) => {
  const installation = (await Installation.make(t)).routes(...good);
  installation.file('etc/init.d/cmk-courier-collect', '#!/bin/sh\n', 0o755);
  await expectCause(installation, 'collector', 'own-collector-off');
});

test('a collector that cannot lay output ready, or has not taken the newest routes', async (t) => {
  const [readyFault, reloadFault] = ['no space left on device', 'routes.yaml:3: unknown key'];
  const full = await Installation.make(t);
  await full.collector(makeStatus([], { readyFault }));
  await expectCause(full, 'collector', 'own-collector-unwell');
  const stuck = await Installation.make(t);
  await stuck.collector(makeStatus([], { reloadFault }));
  await expectCause(stuck, 'collector', 'own-collector-unwell', 'warning');
});

test('what the collector works with and cannot reach is told, and why', async (t) => {
  for (const [changes, said] of awayStatuses) {
    const installation = await Installation.make(t);
    await installation.collector(makeStatus([], changes));
    await expectCause(installation, 'collector', 'own-way-away', 'warning');
    assert.match(/said +(.*)/.exec((await installation.run()).output)?.[1] ?? '', said);
  }
  const well = await Installation.make(t);
  await well.collector(makeStatus([], wellStatus));
  assert.equal(await well.statusOf('collector'), 'ok');
});

test('options of the collector that a start would refuse, or that do not count yet', async (t) => {
  const broken = (await Installation.make(t)).collectorOptions('spool-sise: 5GB');
  await expectCause(broken, 'options', 'own-collector-wrong');
  const path = broken.path('etc/cmk-courier/collector.yaml');
  const options = { spoolSize: ['10GB'], ready: ['/run/ready'] };
  const configuration = { path, isNamed: false, options, overridden: ['ready'] };
  const newer = (await Installation.make(t)).collectorOptions('spool-size: 5GB');
  const running = { ...configuration, path: newer.path('etc/cmk-courier/collector.yaml') };
  await newer.collector(makeStatus([], { configuration: running }));
  await expectCause(newer, 'options', 'own-collector-outdated', 'warning');
  newer.collectorOptions('spool-size: 10GB');
  const steps = async () => (await newer.look()).steps.map(({ id, text }) => `${id}: ${text}`);
  const same = 'options: it runs with those of its file';
  assert.deepEqual(
    (await steps()).filter((text) => text.startsWith('options')),
    [same],
  );
});

test('a receiver whose configuration is wrong, that is off, and that is not well', async (t) => {
  const installation = await makeGood(t);
  installation.receiver('listen: nowhere');
  await expectCause(installation, 'receiver', 'own-receiver-wrong');
  installation.receiver(`listen: 127.0.0.1:${await findFreePort()}`);
  await expectCause(installation, 'receiver', 'own-receiver-off');
  const port = await listenHere(t, createTcpServer());
  const health = createServer((_request, response) => {
    response.writeHead(503).end('the disk is full\n');
  });
  const metrics = await listenHere(t, health);
  const places = [`listen: 127.0.0.1:${port}`, `metrics-listen: 127.0.0.1:${metrics}`];
  installation.receiver(...places);
  await expectCause(installation, 'receiver', 'own-receiver-unwell');
  const answers = new Map([
    ['/healthz', 'ok'],
    ['/metrics', '# HELP x y\ncmk_courier_receiver_broker_away 1\n'],
  ]);
  health.removeAllListeners('request');
  health.on('request', ({ url = '' }, response) => response.end(answers.get(url)));
  installation.receiver(...places, 'broker: nats://broker1', 'broker-user: receiver');
  await expectCause(installation, 'receiver', 'own-way-away', 'warning');
  answers.set('/metrics', 'cmk_courier_receiver_broker_away 0\n');
  assert.equal(await installation.statusOf('receiver'), 'ok');
});

test('a receiver that goes on with the certificate from before', async (t) => {
  const installation = await makeGood(t);
  installation.directory('etc/cmk-courier');
  const directory = installation.path('etc/cmk-courier/certs');
  const now = new Date(installation.clock.now());
  const made = await initCertificates(directory, { site: 'mysite', names: [], now });
  const server = createTlsServer({ cert: made.serverCert, key: made.serverKey });
  installation.receiver(`listen: 127.0.0.1:${await listenHere(t, server)}`);
  assert.equal(await installation.statusOf('receiver'), 'ok');
  await renewServerCertificate(directory, { site: 'mysite', names: [], now });
  await expectCause(installation, 'receiver', 'own-certificate-outdated', 'warning');
});

test('certificates that do not fit, and such as expire', async (t) => {
  const installation = await makeGood(t);
  const directory = installation.path('etc/cmk-courier/certs');
  installation.directory('etc/cmk-courier');
  await initCertificates(directory, { site: 'mysite', names: ['localhost'] });
  const { clock } = installation;
  const expiry = Date.parse((await readNotAfter(directory)) ?? '');
  installation.clock = new FakeClock(expiry - 5 * 86_400_000);
  await expectCause(installation, 'certificates', 'own-certificate-expires', 'warning');
  installation.clock = clock;
  installation.file('etc/cmk-courier/certs/server.pem', 'no certificate\n', 0o600);
  await expectCause(installation, 'certificates', 'own-certificate-wrong');
});

async function readNotAfter(directory: string): Promise<string | undefined> {
  const { X509Certificate } = await import('node:crypto');
  return new X509Certificate(readFileSync(`${directory}/server.pem`)).validTo;
}

test('a spool with torn files, a full disk, a full memory', async (t) => {
  const installation = await makeGood(t);
  installation.file('var/cmk-courier/spool/broken/web01', 'torn');
  installation.directory('var/cmk-courier/spool/0');
  await expectCause(installation, 'spool', 'own-spool-broken', 'warning');
  const small = await mountSmall(t, '200k');
  if (small === undefined) return t.skip('nothing may be mounted here');
  installation.env = { CMK_COURIER_READY: `${small}/ready` };
  await expectCause(installation, 'room', 'own-memory-full');
  const other = await Installation.make(t);
  other.env = { OMD_ROOT: '', HOME: small, XDG_STATE_HOME: small };
  await expectCause(other, 'room', 'own-disk-full');
});

test('a clock that stands in the past, and a collector of another version', async (t) => {
  const installation = await Installation.make(t);
  await installation.collector(makeStatus([], { version: '0.0.1' }));
  await expectCause(installation, 'versions', 'own-versions-differ', 'warning');
  installation.clock = new FakeClock(0);
  await expectCause(installation, 'clock', 'own-clock-wrong');
});

test('an executable that others may change, and one that is gone', async (t) => {
  const installation = await Installation.make(t);
  installation.file('bin/cmk-courier', '').file('bin/gone', '');
  const scene = {
    ...findScene(makeCommandContext(), collect.file),
    program: installation.path('bin/cmk-courier'),
  };
  const look = async () => program.run(scene, {}, new AbortController().signal);
  assert.equal((await look()).status, 'ok');
  chmodSync(scene.program, 0o777);
  assert.equal(note('own-program-open', await look()), 'own-program-open');
  rmSync(scene.program);
  assert.equal(note('own-program-gone', await look()), 'own-program-gone');
});

test('another executable is complained of when it differs, not when it is a copy', async (t) => {
  const installation = await Installation.make(t);
  installation.file('bin/cmk-courier', 'ours').file('local/bin/cmk-courier', 'ours');
  const context = makeCommandContext();
  const scene = {
    ...findScene({ ...context, env: { OMD_ROOT: installation.root, PATH: '' } }, collect.file),
    program: installation.path('bin/cmk-courier'),
    isExecutable: true,
  };
  const look = async () => versions.run(scene, {}, new AbortController().signal);
  assert.equal((await look()).status, 'ok');
  installation.file('local/bin/cmk-courier', 'old!');
  const { code, text } = await look();
  const path = installation.path('local/bin/cmk-courier');
  const said = `this is ${version}; there is another executable that differs, ${path}`;
  assert.deepEqual([code, text], ['own-versions-differ', said]);
});

test('a step at which the doctor itself broke ends with 1', () => {
  const summary = { ok: 1, warning: 0, fault: 0, skipped: 0, unknown: 0, crashed: 1 };
  assert.equal(exitOf({ verdict: 'ok', cause: null, summary }, { failOn: 'fault' }), 1);
});

function note(wanted: OwnCause, { code, text, status }: SiteFinding): string | undefined {
  if (code !== undefined) shown.add(code);
  const what = describe('program', text);
  noteCase({ what, view: 'installation', wanted, named: code ?? status, status, ms: null });
  return code;
}

test('a spool that cannot be written to', async (t) => {
  const installation = await Installation.make(t);
  const small = await mountSmall(t, '200k');
  if (small === undefined) {
    shown.add('own-place-unwritable');
    return t.skip('nothing may be mounted here');
  }
  mkdirSync(`${small}/cmk-courier/spool`, { recursive: true });
  execFileSync('mount', ['-o', 'remount,ro', small]);
  installation.env = { OMD_ROOT: '', HOME: small, XDG_STATE_HOME: small };
  await expectCause(installation, 'places', 'own-place-unwritable');
});

test('few files may be open', async () => {
  const line = 'ulimit -n 200; exec "$0" src/bin.ts doctor site --json';
  const { stdout } = spawnSync('sh', ['-c', line, process.execPath], { encoding: 'utf8' });
  const document: Look = JSON.parse(stdout);
  const found = document.steps.find(({ id }) => id === 'limits');
  assert.equal(found?.text, 'only 200 files may be open at once');
  assert.equal(found.code, 'own-few-files');
  shown.add(found.code);
  const { code: named, status, duration_ms: ms } = found;
  const what = describe('limits', found.text);
  noteCase({ what, view: 'installation', wanted: 'own-few-files', named, status, ms });
});

test('every cause is brought about, and has its heading in the page', () => {
  assert.deepEqual([...shown].sort(), Object.keys(installationCauses).sort());
  const page = readFileSync('docs/doctor-site.md', 'utf8');
  const headings = [...page.matchAll(/^### (own-\S+)$/gm)].map(([, code]) => code);
  assert.deepEqual(headings, Object.keys(installationCauses));
});
