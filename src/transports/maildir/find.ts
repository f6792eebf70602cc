/** Finds messages of a host by their headers. */

import type { Dated } from '../../mail/newest.ts';
import { isWanted, type WantedMessages } from '../../mail/patterns.ts';
import { inLanes } from '../../system/file-lanes.ts';
import type { KnownHeaders } from './known-headers.ts';
import type { MailFile } from './list.ts';

/** A message that fits, not yet read. */
export interface MaildirMessage extends Dated {
  readonly entry: MailFile;
}

/** What a look at some messages has brought. */
export interface Page {
  readonly found: readonly MaildirMessage[];
  /** A message was gone when it was opened: deleted, or its flags have changed and its name with them. */
  readonly isStale: boolean;
}

/** How many messages are looked at before the newest of them is tried. */
const pageSize = 32;

/** All messages that fit, a page at a time, the latest deliveries first. */
export async function* findPages(
  entries: readonly MailFile[],
  wanted: WantedMessages,
  messages: KnownHeaders,
  signal: AbortSignal,
): AsyncGenerator<Page> {
  for (let end = entries.length; end > 0; end -= pageSize) {
    signal.throwIfAborted();
    const page = entries.slice(Math.max(0, end - pageSize), end);
    const looks = await inLanes(page, (entry) => look(entry, wanted, messages));
    yield {
      found: looks.filter((found) => found !== undefined && found !== 'gone'),
      isStale: looks.includes('gone'),
    };
  }
}

async function look(
  entry: MailFile,
  wanted: WantedMessages,
  messages: KnownHeaders,
): Promise<MaildirMessage | 'gone' | undefined> {
  const known = await messages.read(entry.path);
  if (known === 'gone') return known;
  if (known === 'not a file') return undefined;
  const { headers, modifiedMs } = known;
  if (headers === undefined || !isWanted(headers, wanted)) return undefined;
  // A program that copies mail sets one of the two anew; the older one is when it came.
  const arrivedAt = new Date(Math.min(entry.namedMs, modifiedMs));
  return { entry, order: entry.order, datedAt: headers.date, arrivedAt };
}
