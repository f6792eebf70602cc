/** What lies ready for a host, as `agents/site/cmk-courier-ready` judges it. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { HostName } from '../host-name.ts';
import { asCourierError, errorCode } from '../system-errors.ts';
import { faultSuffix, validSuffix } from './names.ts';
import type { ReadyFault } from './ready-directory.ts';
import type { Uptime } from './uptime.ts';

/** Something that has not expired. */
export type Ready =
  | { readonly kind: 'output'; readonly bytes: number; readonly validMs: number }
  | ({ readonly kind: 'fault' } & ReadyFault);

interface Readers {
  readonly clock: Clock;
  readonly uptime: Uptime;
}

/**
 * The output of a host if it is fresh, else its fault if that is; undefined when neither is there.
 *
 * @throws CourierError LOCAL when the directory cannot be read
 */
export function readReady(directory: string, host: HostName, readers: Readers): Ready | undefined {
  const path = join(directory, host);
  try {
    return readOutput(path, readers) ?? readFault(path, readers);
  } catch (error) {
    throw asCourierError(error, `looking for what is ready in ${directory}`);
  }
}

function readOutput(path: string, readers: Readers): Ready | undefined {
  const valid = readStart(`${path}${validSuffix}`);
  const output = readStart(path, 0);
  const expiresMs = output?.mtimeMs ?? 0;
  const nowMs = readers.clock.now();
  if (output === undefined || expiresMs <= nowMs) return undefined;
  if (valid !== undefined && !isValid(valid.text, readers.uptime)) return undefined;
  return { kind: 'output', bytes: output.size, validMs: expiresMs - nowMs };
}

function readFault(path: string, readers: Readers): Ready | undefined {
  const fault = readStart(`${path}${faultSuffix}`);
  if (fault === undefined || fault.mtimeMs <= readers.clock.now()) return undefined;
  const [, code, line] = /^\S+ \S+ \S+ (\d{1,3}) (.+)\n$/.exec(fault.text) ?? [];
  if (line === undefined || !isValid(fault.text, readers.uptime)) return undefined;
  return { kind: 'fault', line, exitCode: Number(code) };
}

/** `BOOT SECOND …`, of this boot and a second to come. */
function isValid(text: string, { bootId, now }: Uptime): boolean {
  const [boot, second = ''] = text.split(/\s/);
  return boot === bootId && /^\d+$/.test(second) && Math.floor(now()) < Number(second);
}

const longestText = 4096;

/** The first bytes of a file; undefined when there is none. */
function readStart(path: string, wantedBytes = longestText) {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { mtimeMs, size } = fstatSync(descriptor);
    const bytes = Buffer.alloc(wantedBytes);
    const length = wantedBytes === 0 ? 0 : readSync(descriptor, bytes);
    return { mtimeMs, size, text: bytes.toString('utf8', 0, length) };
  } finally {
    closeSync(descriptor);
  }
}
