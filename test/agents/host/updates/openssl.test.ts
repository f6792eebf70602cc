/** A host with the openssl of an older system. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildOpenssl, oldVersions, runIn, skipOldOpenssl } from '../../../helpers/old-openssl.ts';
import { startUpdateServer } from '../../../peers/update-server.ts';
import { Host } from './host.ts';
import { makeRelease } from './packages.ts';

for (const [version, name] of oldVersions) {
  test(`TE-6: with openssl ${name} a host is updated, and what is forged is refused`, {
    skip: skipOldOpenssl,
  }, async (t) => {
    const server = await startUpdateServer(t);
    const host = new Host(t, { server });
    const apps = await buildOpenssl(join(host.root, 'build'), version);
    assert.match(await runIn(host.root, `${apps}/openssl version`), new RegExp(`^OpenSSL ${name}`));
    host.path = `${apps}:${host.path}`;
    server.repository.addRoot({ servers: [server.url] });
    host.register(server);
    server.repository.addRoot({ servers: [server.url] });
    const release = makeRelease('1');
    host.offer(release);
    server.fail('check', { kind: 'flip', at: 40 });
    assert.match((await host.update()).stderr, /E-(SIGNATURE|FORMAT)/);
    const { status, stderr } = await host.update();
    assert.deepEqual([status, stderr], [0, '']);
    assert.equal(host.read('current'), `${release.hash}\n`);
    assert.equal(host.floors()['root-version'], '2');
  });
}
