/** Files that go into releases: read within bounds, only where nobody else can change them, and once. */

import { resolve } from 'node:path';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { pathStatus, readWholeFile } from '../../files/file-calls.ts';
import { requireTrusted } from '../../system/trusted-path.ts';

export interface Sources {
  /** Paths in updates.yaml are relative to it. */
  readonly directory: string;
  /** Where agents, plug-ins and local checks are looked for by name, in this order. */
  readonly agents: readonly string[];
  /** What was read before: many hosts have the same. */
  readonly read: Map<string, Promise<Buffer | undefined>>;
}

const largestFile = 64 * 1024 ** 2;

/**
 * @param path as it stands in updates.yaml, or absolute
 * @throws CourierError CONFIG when it is not there, no file, or others may change it; TOO_LARGE; LOCAL
 */
export async function readSource(path: string, sources: Sources): Promise<Buffer> {
  const bytes = await readSourceIfThere(path, sources);
  if (bytes !== undefined) return bytes;
  throw new CourierError('CONFIG', `there is no file ${resolve(sources.directory, path)}`);
}

/** Undefined where there is none. */
export function readSourceIfThere(path: string, sources: Sources): Promise<Buffer | undefined> {
  const whole = resolve(sources.directory, path);
  const known = sources.read.get(whole);
  if (known !== undefined) return known;
  const reading = readFile(whole);
  sources.read.set(whole, reading);
  return reading;
}

async function readFile(path: string): Promise<Buffer | undefined> {
  await requireTrusted(path);
  try {
    const stats = await pathStatus(path);
    if (!stats.isFile()) throw new CourierError('CONFIG', `${path} is not a file`);
    if (stats.size <= largestFile) return await readWholeFile(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw asCourierError(error, `reading ${path}`);
  }
  throw new CourierError('TOO_LARGE', `${path} is larger than 64 MiB`);
}
