/** What `cmk-courier receive` knows of a host's Agent Controller, in its file for the host. */

import { join } from 'node:path';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { readWholeFile } from '../../files/file-calls.ts';
import { requireTrusted } from '../../system/trusted-path.ts';
import { requireFileName } from './registration.ts';
import { parseUuid } from './uuid.ts';

/**
 * The UUID of a host that is registered with the receiver for pull; undefined when it is not, or
 * registered for push. What cannot be read is a fault, as in findUuid().
 *
 * @param state the receiver's `--state`
 * @throws CourierError USAGE, LOCAL or CONFIG
 */
export async function findReceiverUuid(host: string, state: string): Promise<string | undefined> {
  requireFileName(host);
  const path = join(state, 'hosts', `${host}.json`);
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  await requireTrusted(path);
  const { uuid, mode } = parseRecord(text, path);
  if (mode !== 'pull-agent') return undefined;
  const parsed = typeof uuid === 'string' ? parseUuid(uuid) : undefined;
  if (parsed !== undefined) return parsed;
  throw new CourierError('CONFIG', `reading ${path}: it holds no UUID`);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readWholeFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw asCourierError(error, `reading ${path}`);
  }
}

function parseRecord(text: string, path: string): { readonly uuid?: unknown; mode?: unknown } {
  try {
    const record: unknown = JSON.parse(text);
    if (typeof record === 'object' && record !== null) return record;
  } catch {
    // The fault below tells it.
  }
  throw new CourierError('CONFIG', `reading ${path}: not a record of a host`);
}
