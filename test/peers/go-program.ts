/** Programs of peers that the Go of this machine builds, once: at versions that their go.mod pins. */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const cache = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url));

export interface GoProgram {
  readonly name: string;
  /** Its folder in test/peers/, and what is in it. */
  readonly folder: string;
  readonly files: readonly string[];
  /** The package of its `main`: that of the folder, or one that go.mod names. */
  readonly main: string;
}

/** A program, or why there is none: no Go, or no modules. */
export type Built = { readonly path: string } | { readonly missing: string };

/** Builds it unless that was done before; or does not, where it would take too long. */
export function buildGoProgram({ name, folder, files, main }: GoProgram, mayBuild = true): Built {
  const sources = fileURLToPath(new URL(folder, import.meta.url));
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(join(sources, file)));
  const path = join(cache, name, `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(path)) return { path };
  if (!mayBuild) return { missing: `${name} is not built yet: COURIER_TEST_LONG builds it` };
  const go = ['go', '/usr/local/go/bin/go'].find(
    (program) => spawnSync(program, ['version']).status === 0,
  );
  if (go === undefined) return { missing: 'Go is not installed' };
  mkdirSync(join(cache, name), { recursive: true });
  const part = `${path}.${process.pid}`;
  const built = spawnSync(go, ['build', '-o', part, main], { cwd: sources, timeout: 300_000 });
  if (built.status !== 0)
    return { missing: `${name} cannot be built: ${built.stderr}`.slice(0, 200) };
  renameSync(part, path);
  return { path };
}
