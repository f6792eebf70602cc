/** Cleans up the messages a newer one has made useless. */

import { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { linkStatus, removeFile, renameFile } from '../../files/file-calls.ts';
import { compareAge } from '../../mail/newest.ts';
import type { Older } from '../../mail/options.ts';
import type { WantedMessages } from '../../mail/patterns.ts';
import { findPages, type MaildirMessage } from './find.ts';
import type { KnownHeaders } from './known-headers.ts';
import { listEntries } from './list.ts';
import type { MaildirLocation } from './location.ts';

/** The most in one go, so that a backlog of years does not keep Checkmk waiting. */
const mostAtOnce = 1000;

interface Task {
  readonly location: MaildirLocation;
  readonly wanted: WantedMessages;
  readonly older: Older;
  readonly messages: KnownHeaders;
}

/**
 * Deletes or moves the messages that fit and are older than the one delivered.
 *
 * @returns how many
 * @throws CourierError CONFIG when the folder to move to is no Maildir; LOCAL
 */
export async function tidyOlder(
  { location, wanted, older, messages }: Task,
  delivered: MaildirMessage,
  signal: AbortSignal,
): Promise<number> {
  if (older.act === 'keep') return 0;
  const target = older.act === 'move' ? await findTarget(location, older.folder) : undefined;
  const entries = await listEntries(location);
  // Its position may have changed; when it is gone, somebody else has cleaned up and nothing is
  // removed.
  const place = entries.find(({ name }) => name === delivered.entry.name);
  if (place === undefined) return 0;
  const limit = { ...delivered, order: place.order };
  const tooOld: MaildirMessage[] = [];
  for await (const page of findPages(entries, wanted, messages, signal)) {
    tooOld.push(...page.found.filter((found) => compareAge(found, limit) < 0));
    if (tooOld.length >= mostAtOnce) break;
  }
  for (const { entry } of tooOld) await takeAway(entry.path, target);
  return tooOld.length;
}

/** `cur` of another Maildir; a relative path begins in this one. */
async function findTarget(location: MaildirLocation, folder: string): Promise<string> {
  const path = folder.startsWith('/') ? folder : `${location.path}/${folder}`;
  const stats = await linkStatus(`${path}/cur`).catch(() => undefined);
  if (stats?.isDirectory()) return `${path}/cur`;
  throw new CourierError('CONFIG', `--mail-older: there is no Maildir ${path}`);
}

async function takeAway(path: string, target: string | undefined): Promise<void> {
  const file = path.slice(path.lastIndexOf('/') + 1);
  const name = file.includes(':') ? file : `${file}:2,`;
  try {
    await (target === undefined ? removeFile(path) : renameFile(path, `${target}/${name}`));
  } catch (error) {
    // Somebody else has cleaned up, or changed its flags: then it is for the next time.
    if (errorCode(error) !== 'ENOENT') throw asCourierError(error, `cleaning up ${path}`);
  }
}
