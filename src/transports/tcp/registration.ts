/** What a site knows of a host's Agent Controller (agent-port.md#uuid). */

import { readdir, readlink } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { CourierError, quote } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { parseUuid } from './uuid.ts';

// `node:fs/promises` would do the same, but takes 1.5 ms to load.
const readLink = promisify(readlink);
const listDirectory = promisify(readdir);

const receiver = 'var/agent-receiver';

/**
 * The UUID under which a host is registered with the site; undefined when it is not. What cannot
 * be read is a fault, never "not registered": that would let the host answer without TLS.
 *
 * @param root `$OMD_ROOT`
 * @throws CourierError USAGE, LOCAL or CONFIG
 */
export async function findUuid(host: string, root: string): Promise<string | undefined> {
  requireFileName(host);
  const path = join(root, receiver, 'uuid-lookup', host);
  const text = await readLinkText(path);
  if (text === undefined) return findInOlderLayout(host, join(root, receiver, 'received-outputs'));
  const uuid = parseUuid(text);
  if (uuid !== undefined) return uuid;
  throw new CourierError('CONFIG', `reading ${path}: not a UUID: ${quote(text)}`);
}

/**
 * A host name that can be that of a file, and of no other directory's.
 *
 * @throws CourierError USAGE
 */
export function requireFileName(host: string): void {
  if (host !== '' && !host.includes('/') && host !== '.' && host !== '..') return;
  throw new CourierError('USAGE', `looking up a UUID: not a host name: ${quote(host)}`);
}

/** Links are named by UUID and lead to a file named by the host, which need not be there. */
async function findInOlderLayout(host: string, directory: string): Promise<string | undefined> {
  const uuids = (await listNames(directory)).filter((name) => parseUuid(name) !== undefined);
  const texts = await Promise.all(uuids.map((name) => readOutputLink(join(directory, name))));
  const index = texts.findIndex((text) => text !== undefined && basename(text) === host);
  return index < 0 ? undefined : parseUuid(uuids[index] ?? '');
}

/** Sorted, so that the first match is the same every time. */
async function listNames(directory: string): Promise<readonly string[]> {
  try {
    return (await listDirectory(directory)).sort();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw asCourierError(error, `reading ${directory}`);
  }
}

/** Only links count there. */
async function readOutputLink(path: string): Promise<string | undefined> {
  return readLinkText(path).catch((error: unknown) => {
    if (error instanceof CourierError && error.code === 'CONFIG') return undefined;
    throw error;
  });
}

/** The text of a link, which nobody follows; undefined where there is nothing. */
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
