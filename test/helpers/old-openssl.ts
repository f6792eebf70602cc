/** The `openssl` of older systems, built from the sources that crates carry. */

import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { start } from './run-program.ts';

/** Version of the crate, and of the openssl in it. */
export const oldVersions = [
  ['111.28.2', '1.1.1'],
  ['110.0.7', '1.1.0'],
] as const;

const isLong = process.env['COURIER_TEST_LONG'] !== undefined;
const directories = (process.env['PATH'] ?? '').split(delimiter);
const missing = ['cargo', 'make', 'cc', 'perl'].find(
  (name) => !directories.some((directory) => existsSync(join(directory, name))),
);

/** Whether tests that need one have to be skipped: a reason, or false. */
export const skipOldOpenssl = !isLong
  ? 'builds openssl: npm run test:long'
  : missing !== undefined && `there is no ${missing}`;

/** Runs a program in a directory, and expects it to succeed. */
export async function runIn(directory: string, command: string): Promise<string> {
  const { code, stdout, stderr } = await start('sh', ['-c', `cd "$0" && ${command}`, directory])
    .ended;
  assert.equal(code, 0, `${command}: ${stderr.slice(-2000)}`);
  return stdout.toString();
}

/** The directory of an `openssl` of that version. */
export async function buildOpenssl(root: string, version: string): Promise<string> {
  mkdirSync(join(root, 'src'), { recursive: true });
  writeFileSync(join(root, 'src/lib.rs'), '');
  const manifest = ['[package]', 'name = "sources"', 'version = "0.0.0"', '[dependencies]'];
  writeFileSync(
    join(root, 'Cargo.toml'),
    [...manifest, `openssl-src = "=${version}"`, ''].join('\n'),
  );
  await runIn(root, 'cargo vendor vendor >/dev/null');
  cpSync(join(root, 'vendor/openssl-src/openssl'), join(root, 'openssl'), { recursive: true });
  await runIn(
    join(root, 'openssl'),
    './config no-shared no-dso >/dev/null && make -j2 build_programs >/dev/null',
  );
  return join(root, 'openssl/apps');
}
