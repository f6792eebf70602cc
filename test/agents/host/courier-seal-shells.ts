/** Runs courier-seal in every shell. */

import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Shell } from './courier-agent-shells.ts';

export const sealFile = fileURLToPath(
  new URL('../../../agents/host/courier-seal', import.meta.url),
);

export const output = Buffer.from(
  `<<<check_mk>>>\nVersion: 2.4.0\n${'a line of it\n'.repeat(200)}`,
);

export interface Sealer {
  readonly shell: Shell;
  readonly root: string;
}

/** Runs it with its temporary files in a directory of the test. */
export function runSeal(
  { shell, root }: Sealer,
  args: readonly string[],
  input: Buffer | string = output,
  env: Readonly<Record<string, string>> = {},
): SpawnSyncReturns<Buffer> {
  mkdirSync(join(root, 'tmp'), { recursive: true });
  return spawnSync(shell.file, [sealFile, ...args], {
    input,
    env: { PATH: shell.path, TMPDIR: join(root, 'tmp'), ...env },
    timeout: 30_000,
  });
}

/** Directories with a key of a host, made once a process: each takes openssl a while. */
const made = new Map<string, string>();
after(() => {
  for (const directory of made.values()) rmSync(directory, { recursive: true });
});

/** Where `courier-seal init` has put a key. */
export function keysOf(name: string): string {
  const known = made.get(name);
  if (known !== undefined) return known;
  const directory = mkdtempSync(join(tmpdir(), 'courier-seal-'));
  made.set(name, directory);
  const env = { PATH: process.env.PATH ?? '', TMPDIR: directory };
  const { status, stderr } = spawnSync('sh', [sealFile, 'init', `--keys=${directory}`], { env });
  if (status !== 0) throw new Error(`courier-seal init: ${stderr}`);
  return directory;
}

export function publicKeyOf(name: string): Buffer {
  return readFileSync(join(keysOf(name), 'key.pub'));
}
