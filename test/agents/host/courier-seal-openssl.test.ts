/** courier-seal with the openssl of older systems, built from the sources that crates carry. */

import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { keyVerifier } from '../../../src/sealing/keys.ts';
import { openBody, verifyDrop } from '../../../src/sealing/opening.ts';
import { buildOpenssl, oldVersions, runIn, skipOldOpenssl } from '../../helpers/old-openssl.ts';
import { keysOf, output, publicKeyOf, runSeal } from './courier-seal-shells.ts';

for (const [version, name] of oldVersions) {
  test(`what openssl ${name} seals is opened, with a key of its own`, {
    skip: skipOldOpenssl,
  }, async (t) => {
    const root = mkdtempSync(join(tmpdir(), 'courier-openssl-'));
    t.after(() => rmSync(root, { recursive: true }));
    const apps = await buildOpenssl(join(root, 'build'), version);
    const shell = { name: 'dash', file: '/bin/sh', path: `${apps}:${process.env['PATH'] ?? ''}` };
    assert.match(await runIn(root, `${apps}/openssl version`), new RegExp(`^OpenSSL ${name}`));
    const keys = join(root, 'keys');
    const made = runSeal({ shell, root }, ['init', `--keys=${keys}`], '');
    assert.equal(made.status, 0, made.stderr.toString());
    const args = [`--keys=${keys}`, '--host=web01', `--recipient=${keysOf('site')}/key.pub`];
    const { status, stdout, stderr } = runSeal({ shell, root }, args);
    assert.deepEqual([status, stderr.toString()], [0, '']);
    const verified = verifyDrop(stdout, [await keyVerifier(readFileSync(join(keys, 'key.pub')))]);
    const { id } = await keyVerifier(publicKeyOf('site'));
    const key = createPrivateKey(readFileSync(join(keysOf('site'), 'key.pem')));
    assert.deepEqual(gunzipSync(await openBody(verified, async () => [{ id, key }])), output);
  });
}
