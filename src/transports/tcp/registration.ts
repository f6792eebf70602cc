/** What a site knows of a host's Agent Controller (agent-port.md#uuid). */

import { basename, join } from 'node:path';
import { type Clock, systemClock } from '../../clock.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { pathStatus, readDirectory, readLink } from '../../files/file-calls.ts';
import { parseUuid } from './uuid.ts';

const receiver = 'var/agent-receiver';

/**
 * The UUID under which a host is registered with the site; undefined when it is not. What cannot
 * be read is a fault, never "not registered": that would let the host answer without TLS.
 *
 * @param root `$OMD_ROOT`
 * @throws CourierError USAGE, LOCAL or CONFIG
 */
export async function findUuid(
  host: string,
  root: string,
  clock: Clock = systemClock,
): Promise<string | undefined> {
  requireFileName(host);
  const path = join(root, receiver, 'uuid-lookup', host);
  const text = await readLinkText(path);
  if (text === undefined) {
    return findInOlderLayout(host, join(root, receiver, 'received-outputs'), clock);
  }
  const uuid = parseUuid(text);
  if (uuid !== undefined) return uuid;
  throw new CourierError('CONFIG', `reading ${path}: not a UUID: ${quote(text)}`);
}

/**
 * A host name that can be a file name and cannot lead into another directory.
 *
 * @throws CourierError USAGE
 */
export function requireFileName(host: string): void {
  if (host !== '' && !host.includes('/') && host !== '.' && host !== '..') return;
  throw new CourierError('USAGE', `looking up a UUID: not a host name: ${quote(host)}`);
}

/** UUIDs by host in the older layout, as read from a version of the directory. */
interface Index {
  readonly version: string;
  readonly uuids: ReadonlyMap<string, string>;
}

/**
 * A link is never changed in place, only removed and created again, which changes the directory.
 */
const indexes = new Map<string, Index>();

/** Links are named by UUID and lead to a file named by the host, which need not be there. */
async function findInOlderLayout(
  host: string,
  directory: string,
  clock: Clock,
): Promise<string | undefined> {
  const version = await readVersion(directory, clock);
  const known = indexes.get(directory);
  if (known !== undefined && known.version === version) return known.uuids.get(host);
  const uuids = await readLinks(directory);
  if (version !== undefined) indexes.set(directory, { version, uuids });
  return uuids.get(host);
}

/**
 * A version that changes with the directory; undefined while the directory may still change within
 * the same time stamp.
 */
async function readVersion(directory: string, clock: Clock): Promise<string | undefined> {
  try {
    const { mtimeMs, ino, dev } = await pathStatus(directory);
    return clock.now() - mtimeMs < freshMs ? undefined : `${dev} ${ino} ${mtimeMs}`;
  } catch {
    return undefined;
  }
}

/** Several changes may share a time stamp of the file system. */
const freshMs = 2000;

/** The first of several links to one host counts. */
async function readLinks(directory: string): Promise<ReadonlyMap<string, string>> {
  const names = (await listNames(directory)).filter((name) => parseUuid(name) !== undefined);
  const texts = await Promise.all(names.map((name) => readOutputLink(join(directory, name))));
  const uuids = new Map<string, string>();
  for (const [index, text] of texts.entries()) {
    const [host, uuid] = [basename(text ?? ''), parseUuid(names[index] ?? '')];
    if (host !== '' && uuid !== undefined && !uuids.has(host)) uuids.set(host, uuid);
  }
  return uuids;
}

/** Sorted, so that the first match is always the same. */
async function listNames(directory: string): Promise<readonly string[]> {
  try {
    return (await readDirectory(directory)).sort();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw asCourierError(error, `reading ${directory}`);
  }
}

/** Only links count in that directory. */
async function readOutputLink(path: string): Promise<string | undefined> {
  return readLinkText(path).catch((error: unknown) => {
    if (error instanceof CourierError && error.code === 'CONFIG') return undefined;
    throw error;
  });
}

/** The text of a link, which is not followed; undefined when there is none. */
async function readLinkText(path: string): Promise<string | undefined> {
  try {
    return await readLink(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return undefined;
    if (code !== 'EINVAL') throw asCourierError(error, `reading ${path}`);
    throw new CourierError('CONFIG', `reading ${path}: not a symbolic link`, { cause: error });
  }
}
