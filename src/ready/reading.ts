/** What lies ready for a host, as `agents/site/cmk-courier-ready` judges it. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import { readOnly } from '../files/read-start.ts';
import type { HostName } from '../names/host-name.ts';
import { isTrustedEntry, requireTrustedSync } from '../system/trusted-path.ts';
import type { ReadyFault } from './ready-directory.ts';
import { parseFirstLine } from './ready-file.ts';
import type { Uptime } from './uptime.ts';

/** Something that has not expired. */
export type Ready =
  | { readonly kind: 'output'; readonly bytes: number; readonly validMs: number }
  /** Old output, and the line of the fault it stands in for. */
  | { readonly kind: 'grace'; readonly bytes: number; readonly line: string }
  | ({ readonly kind: 'fault' } & ReadyFault);

interface Readers {
  readonly clock: Clock;
  readonly uptime: Uptime;
}

/**
 * What lies ready for a host; undefined when there is nothing, or nothing that is still good.
 *
 * @throws CourierError LOCAL when the directory cannot be read; CONFIG when others may write to it
 */
export function readReady(directory: string, host: HostName, readers: Readers): Ready | undefined {
  requireTrustedSync(directory);
  try {
    const found = readStart(join(directory, host));
    return found === undefined ? undefined : judge(host, found, readers);
  } catch (error) {
    throw asCourierError(error, `looking for what is ready in ${directory}`);
  }
}

/** A file without a first line of ours is passed over, whoever laid it there. */
function judge(
  host: HostName,
  { text, size, mtimeMs }: Start,
  { clock, uptime }: Readers,
): Ready | undefined {
  const validMs = mtimeMs - clock.now();
  const first = parseFirstLine(host, text);
  if (validMs <= 0 || first === undefined) return undefined;
  if (first.bootId !== uptime.bootId || Math.floor(uptime.now()) >= first.second) return undefined;
  const { line, exitCode } = first;
  const bytes = size - first.bytes;
  if (exitCode !== 0) return line === undefined ? undefined : { kind: 'fault', line, exitCode };
  return line === undefined ? { kind: 'output', bytes, validMs } : { kind: 'grace', bytes, line };
}

const longestLine = 4096;

interface Start {
  readonly text: string;
  readonly size: number;
  readonly mtimeMs: number;
}

/** The first bytes of a file; undefined when there is none, or one others may change. */
function readStart(path: string): Start | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, readOnly);
  } catch (error) {
    if (['ENOENT', 'ELOOP'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile() || !isTrustedEntry(stats)) return undefined;
    const bytes = Buffer.alloc(longestLine);
    const length = readSync(descriptor, bytes);
    return { text: bytes.toString('utf8', 0, length), size: stats.size, mtimeMs: stats.mtimeMs };
  } finally {
    closeSync(descriptor);
  }
}
