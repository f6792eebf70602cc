/** A site of two thousand hosts, of which some are dead and some hang: they block nobody. */

import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { findFreePort, portOf } from '../helpers/free-port.ts';
import { startNginx } from '../helpers/nginx.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { makeSite } from './running-collector.ts';

const counts = { live: 1700, dead: 200, hanging: 100 };

function namesOf(kind: keyof typeof counts): readonly string[] {
  return Array.from({ length: counts[kind] }, (_, n) => `${kind}-${n}`);
}

test('every live host is asked again and again while others are dead or hang', {
  timeout: 200_000,
  skip: skipWithout('nginx'),
}, async (t) => {
  const site = await makeSite(t);
  const port = await findFreePort();
  const nginx = await startNginx(site.root, `server { listen 127.0.0.1:${port}; root drops; }`);
  t.after(() => nginx.stop());
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  t.after(() => silent.close());
  for (const host of namesOf('live')) site.drop(host);
  const all = [...namesOf('live'), ...namesOf('dead'), ...namesOf('hanging')];
  const lines = all.map((host) => `${host} 127.0.0.1\n`);
  writeFileSync(join(site.root, 'etc/cmk-courier/hosts.txt'), lines.join(''));
  site.writeRoutes(`
defaults: { every: 8s, deadline: 4s, maxAge: unlimited }
collector: { hostList: hosts.txt, concurrency: 64 }
routes:
  - { hosts: 'live-*', sources: 'http://127.0.0.1:${port}/{host}' }
  - { hosts: 'dead-*', sources: 'http://{address}:9/{host}' }
  - { hosts: 'hanging-*', sources: 'http://{address}:${portOf(silent.address())}/{host}' }
`);
  await site.start();
  const expiryOf = (host: string) =>
    statSync(join(site.ready, host), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  for (let round = 0; round < 3; round += 1) {
    const before = new Map(all.map((host) => [host, expiryOf(host)]));
    const isNew = (host: string) => expiryOf(host) > (before.get(host) ?? 0);
    await site.until(() => namesOf('live').every(isNew));
  }
  await site.until(() => [...namesOf('dead'), ...namesOf('hanging')].every(expiryOf));
  assert.match(site.ask('dead-7').stderr, /connection refused \(UNREACHABLE\)\n$/);
  assert.match(site.ask('hanging-7').stderr, /within 4s \(TIMEOUT\)\n$/);
  assert.match(site.ask('live-7').stdout, /"live-7"/);
  const status = site.status();
  const served = (state: string) =>
    status.hosts.filter((host: { served: string }) => host.served === state).length;
  t.diagnostic(`${status.cycles.good} good cycles, ${status.cycles.faulty} faulty`);
  assert.deepEqual(
    [served('output'), served('fault')],
    [counts.live, counts.dead + counts.hanging],
  );
});
