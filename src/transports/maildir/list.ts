/** The messages in a Maildir, by their names alone (https://cr.yp.to/proto/maildir.html). */

import { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { linkStatus, readDirectory } from '../../files/file-calls.ts';
import type { MaildirLocation } from './location.ts';

/** A message that has been delivered. */
export interface MailFile {
  readonly path: string;
  /** The name that stays when flags change. */
  readonly name: string;
  /** When the name says it was delivered, or else the file's mtime. */
  readonly namedMs: number;
  /** In the order of delivery. */
  readonly order: number;
}

/**
 * All messages in `new` and `cur`, in the order of their delivery; those marked as trashed, and
 * what is still being delivered, left out.
 *
 * @throws CourierError NO_OUTPUT when the Maildir of a host is not there; CONFIG, LOCAL
 */
export async function listEntries(location: MaildirLocation): Promise<readonly MailFile[]> {
  // One after the other: a message that moves to `cur` in between is seen twice, never missed.
  const fresh = await listPart(location, 'new');
  const seen = await listPart(location, 'cur');
  const named = await Promise.all([...fresh, ...seen].map(toNamed));
  return named
    .filter((entry) => entry !== undefined)
    .sort(compareDelivery)
    .map(({ path, name, namedMs }, order) => ({ path, name, namedMs, order }));
}

async function listPart(
  location: MaildirLocation,
  part: 'new' | 'cur',
): Promise<readonly string[]> {
  const directory = `${location.path}/${part}`;
  try {
    const names = await readDirectory(directory);
    return names.filter(isMessage).map((name) => `${directory}/${name}`);
  } catch (error) {
    throw toDirectoryFault(error, location);
  }
}

/** T: the user has moved it to the trash. */
function isMessage(name: string): boolean {
  return !name.startsWith('.') && !/:2,[A-Za-z]*T[A-Za-z]*$/.test(name);
}

function toDirectoryFault(error: unknown, { path, isOfHost }: MaildirLocation): CourierError {
  if (!['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) {
    return asCourierError(error, `reading ${path}`);
  }
  const code = isOfHost ? 'NO_OUTPUT' : 'CONFIG';
  return new CourierError(code, `there is no Maildir ${path}`, { cause: error });
}

interface Named extends Omit<MailFile, 'order'> {
  /** Microseconds within the second, where the name tells. */
  readonly microseconds: number;
}

/** `1700000000.M123456P42.host:2,S`: seconds, and what makes the name unique. */
async function toNamed(path: string): Promise<Named | undefined> {
  const file = path.slice(path.lastIndexOf('/') + 1);
  const name = file.split(':', 1)[0] ?? file;
  const [, seconds, rest = ''] = /^(\d{9,11})\.(.*)$/s.exec(name) ?? [];
  const microseconds = Number(/^M(\d{1,6})/.exec(rest)?.[1] ?? 0);
  if (seconds !== undefined) return { path, name, namedMs: Number(seconds) * 1000, microseconds };
  const stats = await linkStatus(path).catch(() => undefined);
  return stats && { path, name, namedMs: stats.mtimeMs, microseconds: 0 };
}

function compareDelivery(a: Named, b: Named): number {
  return a.namedMs - b.namedMs || a.microseconds - b.microseconds || (a.name < b.name ? -1 : 1);
}
