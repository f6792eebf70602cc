/** The collector asks over ssh connections that stay. */

import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { keepConnections } from '../../src/collector/kept-connections.ts';
import { toStep } from '../../src/fetching/route-plan.ts';
import { endConnection } from '../../src/openssh/multiplexing.ts';
import { type Sshd, sshTest, useSshd } from '../peers/sshd.ts';
import { type CollectorSite, makeOutput, makeSite } from './running-collector.ts';

const sshd = useSshd();

function countLogins(peer: Sshd): number {
  return [...peer.said().matchAll(/Accepted publickey/g)].length;
}

function toRoutes({ port, key, knownHosts }: Sshd, drop: string, more = ''): string {
  const uri = `ssh://root@127.0.0.1:${port}/cat%20${drop}`;
  return `
defaults: { every: 1s, deadline: 20s }
routes:
  - { hosts: web01, sources: { uri: '${uri}', sshKey: ${key}, knownHosts: ${knownHosts}${more} } }
`;
}

/** Ends the connections that are kept. */
async function endConnections(site: CollectorSite): Promise<void> {
  const directory = join(site.root, 'tmp/cmk-courier/ssh');
  for (const name of readdirSync(directory)) await endConnection(join(directory, name));
}

sshTest('it logs in once, and when the connection has gone once more', async (t) => {
  const site = await makeSite(t);
  const drop = join(site.root, 'drop');
  writeFileSync(drop, makeOutput('web01'));
  site.writeRoutes(toRoutes(sshd(), drop));
  const before = countLogins(sshd());
  await site.start();
  const good = () => site.status()?.cycles.good;
  await site.until(() => good() >= 4);
  assert.equal(countLogins(sshd()) - before, 1);
  await endConnections(site);
  const goodByThen = good();
  await site.until(() => good() >= goodByThen + 3);
  assert.equal(countLogins(sshd()) - before, 2);
  assert.match(site.ask('web01').stdout, /"web01"/);
  await site.end('SIGTERM');
  await endConnections(site);
});

sshTest('with multiplex: 0s it logs in each time', async (t) => {
  const site = await makeSite(t);
  const drop = join(site.root, 'drop');
  writeFileSync(drop, makeOutput('web01'));
  site.writeRoutes(toRoutes(sshd(), drop, ', multiplex: 0s'));
  const before = countLogins(sshd());
  await site.start();
  await site.until(() => site.status()?.cycles.good >= 3);
  // sshd writes of a login when it comes to it.
  await site.until(() => countLogins(sshd()) - before >= 3);
});

test('connections are kept where that is possible and worth it', async () => {
  const keptFor = async (uri: string, everyMs: number | undefined, options = {}) => {
    const step = await toStep({ uri, options, line: 1, timeoutMs: undefined }, {});
    return keepConnections(step, everyMs).source.options['multiplex'];
  };
  assert.deepEqual(await keptFor('ssh://{address}', 60_000), ['130s']);
  assert.deepEqual(await keptFor('sftp://{address}/drop', 1500), ['13s']);
  assert.deepEqual(await keptFor('rsync+ssh://{address}/drop', 60_000), ['130s']);
  assert.equal(await keptFor('ssh://{address}', 600_000), undefined);
  assert.equal(await keptFor('ssh://{address}', undefined), undefined);
  assert.equal(await keptFor('ssh://{address}', 60_000, { proxyJump: ['jump'] }), undefined);
  assert.equal(await keptFor('https://depot/{host}', 60_000), undefined);
  assert.deepEqual(await keptFor('ssh://{address}', 60_000, { multiplex: ['0s'] }), ['0s']);
});
