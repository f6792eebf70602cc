/** What lies ready for a host, as `agents/site/cmk-courier-ready` judges it. */

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import type { HostName } from '../names/host-name.ts';
import { type ReadyFault, readyMark } from './ready-directory.ts';
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
 * @throws CourierError LOCAL when the directory cannot be read
 */
export function readReady(directory: string, host: HostName, readers: Readers): Ready | undefined {
  try {
    const found = readStart(join(directory, host));
    return found === undefined ? undefined : judge(found, readers);
  } catch (error) {
    throw asCourierError(error, `looking for what is ready in ${directory}`);
  }
}

const firstLine = /^(\S+) (\S+) (\d{1,12}) \S+ (\d{1,2})(?: (.+))?\n/;

function judge({ text, size, mtimeMs }: Start, { clock, uptime }: Readers): Ready | undefined {
  const validMs = mtimeMs - clock.now();
  if (validMs <= 0) return undefined;
  if (!text.startsWith(`${readyMark} `)) return { kind: 'output', bytes: size, validMs };
  const [head = '', , boot, second, code, line] = firstLine.exec(text) ?? [];
  if (boot !== uptime.bootId || Math.floor(uptime.now()) >= Number(second)) return undefined;
  const bytes = size - Buffer.byteLength(head);
  if (code !== '0') {
    return line === undefined ? undefined : { kind: 'fault', line, exitCode: Number(code) };
  }
  return line === undefined ? { kind: 'output', bytes, validMs } : { kind: 'grace', bytes, line };
}

const longestLine = 4096;

interface Start {
  readonly text: string;
  readonly size: number;
  readonly mtimeMs: number;
}

/** The first bytes of a file; undefined when there is none. */
function readStart(path: string): Start | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) return undefined;
    const bytes = Buffer.alloc(longestLine);
    const length = readSync(descriptor, bytes);
    return { text: bytes.toString('utf8', 0, length), size: stats.size, mtimeMs: stats.mtimeMs };
  } finally {
    closeSync(descriptor);
  }
}
