/** The conformance peers of file: drops in a directory of this machine. */

import { createHash } from 'node:crypto';
import { mkdir, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { file } from '../../../src/transports/file/file.ts';
import type { ConformancePeer } from '../../conformance/peer.ts';
import { putFile } from '../../helpers/put-file.ts';
import { makeTempDir, removeTempDir } from '../../helpers/temp-dir.ts';
import { toSource } from './drops.ts';

/** A whole drop's sum beside half of it: the sender was cut off. */
export async function dropHalf(path: string): Promise<void> {
  const whole = Buffer.from('<<<check_mk>>>\nVersion: 2.4.0\n');
  await writeFile(path, whole.subarray(0, 20));
  await writeFile(`${path}.sha256`, createHash('sha256').update(whole).digest('hex'));
}

/** The descriptors of this process that lead into a directory. */
async function listOpenFiles(directory: string): Promise<readonly string[]> {
  const descriptors = await readdir('/proc/self/fd');
  const paths = await Promise.all(
    descriptors.map((descriptor) => readlink(`/proc/self/fd/${descriptor}`).catch(() => '')),
  );
  return paths.filter((path) => path.startsWith(directory));
}

/** Files dropped one a host, each moved into its place. */
export async function startFiles(): Promise<ConformancePeer> {
  const directory = await makeTempDir();
  const pathOf = (host: string) => join(directory, `${host}.txt`);
  const half = join(directory, 'half');
  await dropHalf(half);
  return {
    module: file,
    source: toSource(join(directory, '{host}.txt')),
    stopsHalfWay: toSource(half),
    secrets: [],
    offer: (host, output, producedAt) => putFile(pathOf(host), output, producedAt),
    withdraw: (host) => rm(pathOf(host), { force: true }),
    leftovers: () => listOpenFiles(directory),
    close: () => removeTempDir(directory),
  };
}

/** A directory a host, of which the newest file counts. */
export async function startDirectories(): Promise<ConformancePeer> {
  const directory = await makeTempDir();
  let drops = 0;
  return {
    module: file,
    source: toSource(join(directory, '{host}/')),
    keepsOlder: true,
    secrets: [],
    async offer(host, output, producedAt) {
      drops += 1;
      const name = String(drops).padStart(6, '0');
      await mkdir(join(directory, host), { recursive: true });
      await putFile(join(directory, host, name), output, producedAt);
    },
    withdraw: (host) => rm(join(directory, host), { recursive: true, force: true }),
    leftovers: () => listOpenFiles(directory),
    close: () => removeTempDir(directory),
  };
}

/** Files of all hosts in one directory, of which the newest that fits a pattern counts. */
export async function startPatterns(): Promise<ConformancePeer> {
  const directory = await makeTempDir();
  let drops = 0;
  const own = new Map<string, string[]>();
  return {
    module: file,
    source: toSource(`file:${directory}/{host}*`),
    keepsOlder: true,
    secrets: [],
    async offer(host, output, producedAt) {
      drops += 1;
      const path = join(directory, `${host}-20261128-${String(drops).padStart(6, '0')}.txt`);
      await putFile(path, output, producedAt);
      own.set(host, [...(own.get(host) ?? []), path]);
    },
    async withdraw(host) {
      for (const path of own.get(host) ?? []) await rm(path, { force: true });
    },
    leftovers: () => listOpenFiles(directory),
    close: () => removeTempDir(directory),
  };
}
