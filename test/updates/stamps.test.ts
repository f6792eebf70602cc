/** Stamps: signed for each host that asks, with serials that never fall. */

import assert from 'node:assert/strict';
import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseHostName } from '../../src/names/host-name.ts';
import { readStamp } from '../../src/updates/documents/stamp.ts';
import { openDocument } from '../../src/updates/documents/verifying.ts';
import { requireNewestRoot } from '../../src/updates/repository/root-files.ts';
import { StampSigner } from '../../src/updates/signing/stamps.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { makeUpdateServer, plantStampKey, type UpdateServer } from './server-kit.ts';
import { aRoot, fixtureKey, toRootFile } from './update-kit.ts';

async function withRoot(server: UpdateServer): Promise<UpdateServer> {
  await plantStampKey(server, 'stamp1');
  await mkdir(server.places.roots, { mode: 0o700 });
  await writeFile(join(server.places.roots, '1.root'), toRootFile(aRoot(), ['root1']));
  return server;
}

const request = {
  host: parseHostName('web01'),
  nonce: '00112233445566778899aabbccddeeff',
  decision: 'offer',
  target: { counter: 42, sha256: 'cd'.repeat(32) },
  intervalSeconds: 3600,
} as const;

test('a stamp says what holds for a host, under the stamp key of the newest root', async (t) => {
  const { places, clock } = await withRoot(await makeUpdateServer(t));
  const bytes = await new StampSigner(places, clock).sign(request);
  const { root } = await requireNewestRoot(places);
  assert.deepEqual(readStamp(await openDocument(bytes, 'stamp', root)), {
    audience: 'host:web01',
    serial: clock.now(),
    issued: '20261128093000',
    expires: '20261130093000',
    nonce: request.nonce,
    rootVersion: 1,
    target: request.target,
    decision: 'offer',
    interval: 3600,
  });
});

test('no serial is given twice, and they rise when the clock is set back, and after a crash', async (t) => {
  const { places, clock } = await withRoot(await makeUpdateServer(t));
  const root = aRoot();
  const serialOf = async (signer: StampSigner) =>
    readStamp(await openDocument(await signer.sign(request), 'stamp', root)).serial;
  const first = new StampSigner(places, clock);
  const together = await Promise.all(Array.from({ length: 20 }, () => serialOf(first)));
  assert.equal(new Set(together).size, 20);
  clock.step(-86_400_000);
  const later = await serialOf(first);
  assert.ok(later > Math.max(...together));
  assert.ok((await serialOf(new StampSigner(places, clock))) > later);
});

test('KM-7: a stamp key that others may read, or that the root does not trust, signs nothing', async (t) => {
  const server = await withRoot(await makeUpdateServer(t));
  const { places, clock } = server;
  const signer = new StampSigner(places, clock);
  await chmod(places.stampKey, 0o640);
  await expectFault(signer.sign(request), 'CONFIG', /others may read .*stamp\.key; chmod 600/);
  await plantStampKey(server, 'stamp2');
  await chmod(places.stampKey, 0o600);
  await expectFault(
    signer.sign(request),
    'CONFIG',
    /root 1 does not trust .*stamp\.key for stamps/,
  );
  await plantStampKey(server, 'stamp1');
  assert.ok((await signer.sign(request)).includes(`key ${fixtureKey('stamp1').trusted.id}\n`));
  assert.equal((await stat(places.stampKey)).mode & 0o777, 0o600);
});
