/**
 * How a collector learns of hosts: a direct fetch notes for whom the site asked, with the address
 * and tags that only the site knows. A file a host: `ADDRESS TAG…`, `-` for no address.
 */

import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { errorCode } from '../faults/system-errors.ts';
import type { Logger } from '../logging/log.ts';
import { type HostName, parseAddress, parseHostName } from '../names/host-name.ts';
import { isTrustedEntry, requireTrustedSync } from '../system/trusted-path.ts';

/** A host that the site has asked for, as it asked. */
export interface AskedHost {
  readonly host: HostName;
  readonly address: string | undefined;
  readonly tags: readonly string[];
}

export interface Asked extends AskedHost {
  readonly askedAt: Date;
}

/** A note that is older than this is written again. */
const renewMs = 3_600_000;

/** Longer is no list of tags. */
const longestLine = 64 * 1024;

/** Notes that the site asked. A fetch does not fail for it: never throws. */
export function noteAsked(directory: string, asked: AskedHost, clock: Clock, log: Logger): void {
  const path = join(directory, asked.host);
  const line = `${[asked.address ?? '-', ...asked.tags].join(' ')}\n`.slice(0, longestLine);
  try {
    // Checked before anything there is opened: opening somebody else's FIFO would never return.
    requireTrustedSync(directory);
    if (isNoted(path, line, clock.now())) return;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    requireTrustedSync(directory);
    const temporary = join(directory, `.${asked.host}~${process.pid}`);
    writeFileSync(temporary, line, { mode: 0o600 });
    renameSync(temporary, path);
  } catch (error) {
    log.debug({ code: errorCode(error), path }, 'cannot note for a collector that the site asked');
  }
}

function isNoted(path: string, line: string, nowMs: number): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || Math.abs(nowMs - stats.mtimeMs) > renewMs) return false;
  return readFileSync(path, 'utf8') === line;
}

/**
 * All that is noted, in any order; what cannot be read, is no note or may be somebody else's is
 * passed over: the address in it is asked for the host's output.
 *
 * @throws CourierError CONFIG when others may write to the directory
 */
export function readAsked(directory: string): readonly Asked[] {
  requireTrustedSync(directory);
  return listNames(directory).flatMap((name) => {
    try {
      const path = join(directory, name);
      const stats = lstatSync(path);
      if (!stats.isFile() || !isTrustedEntry(stats)) return [];
      const askedAt = stats.mtime;
      const [address = '-', ...tags] = readFileSync(path, 'utf8').trim().split(/\s+/);
      const given = address === '-' ? undefined : parseAddress(address);
      return [{ host: parseHostName(name), address: given, tags, askedAt }];
    } catch {
      return [];
    }
  });
}

function listNames(directory: string): readonly string[] {
  try {
    return readdirSync(directory).filter((name) => !name.startsWith('.'));
  } catch {
    return [];
  }
}

/** Fine when it was not noted. */
export function forgetAsked(directory: string, host: HostName): void {
  rmSync(join(directory, host), { force: true });
}
