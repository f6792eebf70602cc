/** The init script with the program itself. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { initCertificates } from '../../src/certs/store.ts';
import { services } from '../../src/service/service.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { makeTempDir, removeTempDir } from '../helpers/temp-dir.ts';
import { Site } from './site.ts';

const program = fileURLToPath(new URL('../../src/bin.ts', import.meta.url));
const shell = { name: 'sh', file: '/bin/sh', path: process.env['PATH'] ?? '' };

async function makeSite(t: TestContext, what: 'collect' | 'receive') {
  const root = await makeTempDir();
  const configuration = join(root, 'etc/cmk-courier');
  mkdirSync(configuration, { recursive: true });
  const site = new Site(root, shell);
  // On a machine that is busy it may take long.
  const patient = (text: string) => text.replace('start_seconds=30', 'start_seconds=300');
  site.install([process.execPath, program], patient, services[what]);
  t.after(async () => {
    site.run('stop');
    await removeTempDir(root);
  });
  return { root, configuration, site };
}

/** Every word, with what is said to it. */
function assertLives(site: Site, name: string): void {
  const said = ['start', 'status', 'reload', 'restart', 'stop', 'status'].map((word) =>
    site.run(word),
  );
  assert.deepEqual(said, [
    `0 Starting ${name}...OK\n`,
    `0 Checking ${name}... running\n`,
    `0 Reloading ${name}...OK\n`,
    `0 Stopping ${name}...OK\nStarting ${name}...OK\n`,
    `0 Stopping ${name}...OK\n`,
    `1 Checking ${name}... stopped\n`,
  ]);
}

test('the collector is started, reloaded, restarted and stopped', async (t) => {
  const { configuration, site } = await makeSite(t, 'collect');
  const routes = 'routes:\n  - hosts: web01\n    sources: file:/nowhere/{host}\n    every: 1m\n';
  writeFileSync(join(configuration, 'routes.yaml'), routes);
  assertLives(site, 'cmk-courier-collect');
});

test('a collector without routes is told with its own line', async (t) => {
  const { site } = await makeSite(t, 'collect');
  assert.match(
    site.run('start'),
    /^1 Starting cmk-courier-collect\.\.\. failed: cmk-courier: .*routes\.yaml.*\([A-Z]+\)\n$/,
  );
});

test('the receiver is started, reloaded, restarted and stopped', async (t) => {
  const { root, configuration, site } = await makeSite(t, 'receive');
  const certificates = join(root, 'certificates');
  await initCertificates(certificates, { site: 'mysite', names: ['localhost'] });
  const lines = [
    'site: mysite',
    `listen: 127.0.0.1:${await findFreePort()}`,
    `certificates: ${certificates}`,
    `spool: ${root}/spool`,
    `state: ${root}/state`,
  ];
  mkdirSync(join(root, 'state'));
  writeFileSync(join(configuration, 'receiver.yaml'), `${lines.join('\n')}\n`);
  assertLives(site, 'cmk-courier-receive');
});
