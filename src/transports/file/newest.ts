/** Which files of a directory are the newest that may be complete. */

import type { Dirent } from 'node:fs';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { pathStatus, readDirectory } from '../../files/file-calls.ts';
import { type SideKind, sideKind } from '../../names/side-files.ts';
import { inLanes } from '../../system/file-lanes.ts';
import { isFromFuture } from '../../times/skew.ts';
import type { NamePattern } from './name-pattern.ts';

/** The conditions for a file's name and time. */
interface WantedNames {
  readonly names: NamePattern | undefined;
  readonly nowMs: number;
  readonly maxSkewMs: number;
  /** The most files to find. */
  readonly most: number;
  readonly signal: AbortSignal;
}

/** The result of a listing. */
export interface Listing {
  /** The newest first. */
  readonly names: readonly Buffer[];
  /** Files left out because of their name alone. */
  readonly leftOut: readonly LeftOut[];
}

interface LeftOut {
  readonly name: Buffer;
  readonly kind: SideKind | 'file of another host, perhaps';
}

interface Candidate {
  readonly name: Buffer;
  readonly mtimeNs: bigint;
  /** Its time comes from a wrong clock and says nothing about its age. */
  readonly isFromFuture: boolean;
}

/** How many names are looked at before the signal is looked at again. */
const batchSize = 256;

/**
 * The names of the files with the latest mtimes; of files with the same mtime the last by name
 * comes first. Files from the future come after all others: one wrong clock must not hide good
 * files.
 *
 * @param directory its path, with a `/` at its end
 */
export async function findNewestFiles(directory: string, wanted: WantedNames): Promise<Listing> {
  const entries = await readDirectory(directory, { withFileTypes: true, encoding: 'buffer' });
  const leftOut: LeftOut[] = [];
  const names = entries
    // Links are followed later: they may lead to a file.
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .filter((entry) => mayBeOutput(entry, wanted, leftOut))
    .map(({ name }) => name);
  let newest: readonly Candidate[] = [];
  let closed: CourierError | undefined;
  for (let start = 0; start < names.length; start += batchSize) {
    wanted.signal.throwIfAborted();
    const batch = names.slice(start, start + batchSize);
    const found = await inLanes(batch, (name) => look(directory, name, wanted));
    closed ??= found.find((one) => one instanceof CourierError);
    const candidates = found.filter((one) => one !== undefined && 'mtimeNs' in one);
    newest = [...newest, ...candidates].sort(compareNewest).slice(0, wanted.most);
  }
  if (newest.length === 0 && closed !== undefined) throw closed;
  return { names: newest.map(({ name }) => name), leftOut };
}

function mayBeOutput(
  { name }: Dirent<Buffer>,
  { names }: WantedNames,
  leftOut: LeftOut[],
): boolean {
  const text = name.toString('latin1');
  const isOfAnother = names?.mayBeOfAnother(text) ?? false;
  if (names !== undefined && !names.fits(text) && !isOfAnother) return false;
  const kind = isOfAnother ? 'file of another host, perhaps' : sideKind(text, names?.prefixLength);
  if (kind !== undefined) leftOut.push({ name, kind });
  return kind === undefined;
}

/**
 * Error codes of a name without a file: it has gone since it was listed, or is a circle of links.
 */
const nothingThere = ['ENOENT', 'ELOOP', 'ENOTDIR'];

/**
 * Undefined when it is no file, or has gone since the directory was listed; a fault when we may not
 * go where it leads, which does not concern the other files.
 */
async function look(
  directory: string,
  name: Buffer,
  { nowMs, maxSkewMs }: WantedNames,
): Promise<Candidate | CourierError | undefined> {
  const path = Buffer.concat([Buffer.from(directory), name]);
  try {
    const stats = await pathStatus(path, { bigint: true });
    if (!stats.isFile()) return undefined;
    const modifiedAt = new Date(Number(stats.mtimeNs / 1_000_000n));
    return {
      name,
      mtimeNs: stats.mtimeNs,
      isFromFuture: isFromFuture(modifiedAt, nowMs, maxSkewMs),
    };
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (nothingThere.includes(code)) return undefined;
    if (code === 'EACCES') return asCourierError(error, `looking at ${name}`);
    throw error;
  }
}

/** Below zero when `one` is the better choice. */
function compareNewest(one: Candidate, other: Candidate): number {
  if (one.isFromFuture !== other.isFromFuture) return one.isFromFuture ? 1 : -1;
  if (one.mtimeNs !== other.mtimeNs) return one.mtimeNs > other.mtimeNs ? -1 : 1;
  return Buffer.compare(other.name, one.name);
}

/** `3 partial files, such as "w.txt.part"; 1 side file, "w.txt.md5"`, for a message. */
export function describeLeftOut(leftOut: readonly LeftOut[]): string {
  const groups = Map.groupBy(leftOut, ({ kind }) => kind);
  return [...groups]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([kind, group]) => {
      const count = group.length;
      const [example] = group.map(({ name }) => `"${name}"`).sort();
      return count === 1 ? `${example} is a ${kind}` : `${count} like ${example}: ${kind}`;
    })
    .join('; ');
}
