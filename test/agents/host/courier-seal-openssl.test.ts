/** courier-seal with the openssl of older systems, built from the sources that crates carry. */

import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { keyVerifier } from '../../../src/sealing/keys.ts';
import { openBody, verifyDrop } from '../../../src/sealing/opening.ts';
import { start } from '../../helpers/run-program.ts';
import { findProgram } from './courier-agent-shells.ts';
import { keysOf, output, publicKeyOf, runSeal } from './courier-seal-shells.ts';

const isLong = process.env['COURIER_TEST_LONG'] !== undefined;
const missing = ['cargo', 'make', 'cc', 'perl'].find((name) => findProgram(name) === undefined);
const skip = !isLong
  ? 'builds openssl: npm run test:long'
  : missing !== undefined && `there is no ${missing}`;

/** Runs a program in a directory, and expects it to succeed. */
async function run(directory: string, command: string): Promise<string> {
  const { code, stdout, stderr } = await start('sh', ['-c', `cd "$0" && ${command}`, directory])
    .ended;
  assert.equal(code, 0, `${command}: ${stderr.slice(-2000)}`);
  return stdout.toString();
}

/** The directory of an `openssl` of that version. */
async function buildOpenssl(root: string, version: string): Promise<string> {
  mkdirSync(join(root, 'src'), { recursive: true });
  writeFileSync(join(root, 'src/lib.rs'), '');
  const manifest = ['[package]', 'name = "sources"', 'version = "0.0.0"', '[dependencies]'];
  writeFileSync(
    join(root, 'Cargo.toml'),
    [...manifest, `openssl-src = "=${version}"`, ''].join('\n'),
  );
  await run(root, 'cargo vendor vendor >/dev/null');
  cpSync(join(root, 'vendor/openssl-src/openssl'), join(root, 'openssl'), { recursive: true });
  await run(
    join(root, 'openssl'),
    './config no-shared no-dso >/dev/null && make -j2 build_programs >/dev/null',
  );
  return join(root, 'openssl/apps');
}

for (const [version, name] of [
  ['111.28.2', '1.1.1'],
  ['110.0.7', '1.1.0'],
] as const) {
  test(`what openssl ${name} seals is opened, with a key of its own`, { skip }, async (t) => {
    const root = mkdtempSync(join(tmpdir(), 'courier-openssl-'));
    t.after(() => rmSync(root, { recursive: true }));
    const apps = await buildOpenssl(join(root, 'build'), version);
    const shell = { name: 'dash', file: '/bin/sh', path: `${apps}:${process.env['PATH'] ?? ''}` };
    assert.match(await run(root, `${apps}/openssl version`), new RegExp(`^OpenSSL ${name}`));
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
