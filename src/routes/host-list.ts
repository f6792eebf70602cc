/** A list of hosts, a line each, for the collector and for updates. */

import { readFileSync, statSync } from 'node:fs';
import { CourierError, quote } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { type HostName, parseAddress, parseHostName } from '../names/host-name.ts';
import { requireTrustedSync } from '../system/trusted-path.ts';

export interface HostInList {
  readonly host: HostName;
  readonly address: string | undefined;
  readonly tags: readonly string[];
}

const largestList = 16 * 1024 * 1024;

/**
 * A file with a host a line: name, address (`-` for none), tags, separated by blanks; `#` begins
 * a comment.
 *
 * @throws CourierError CONFIG naming file and line; LOCAL when it cannot be read
 */
export function readHostsInList(path: string): readonly HostInList[] {
  const lines = readText(path).split('\n');
  return lines.flatMap((line, index) => {
    const [name, address = '-', ...tags] = line.replace(/#.*/, '').split(/\s+/).filter(Boolean);
    if (name === undefined) return [];
    try {
      const given = address === '-' ? undefined : parseAddress(address);
      return [{ host: parseHostName(name), address: given, tags }];
    } catch (error) {
      const what = `${path}:${index + 1}: ${quote(line)}: a line is NAME ADDRESS TAG…`;
      throw new CourierError('CONFIG', what, { cause: error });
    }
  });
}

function readText(path: string): string {
  requireTrustedSync(path);
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw new CourierError('CONFIG', `${path}: is not a file`);
    if (stats.size > largestList) throw new CourierError('CONFIG', `${path}: larger than 16 MiB`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw asCourierError(error, `reading the host list ${path}`);
  }
}
