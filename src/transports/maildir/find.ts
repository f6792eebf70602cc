/** Finds messages of a host by their headers. */

import { parseHeaders } from '../../mail/headers.ts';
import type { Dated } from '../../mail/newest.ts';
import { isWanted, type Wanted } from '../../mail/patterns.ts';
import { type OpenFile, withFile } from './file-system.ts';
import type { Entry } from './list.ts';

/** A message that fits, not yet read. */
export interface Found extends Dated {
  readonly entry: Entry;
}

/** What a look at some messages has brought. */
export interface Page {
  readonly found: readonly Found[];
  /** A message was gone when it was opened: deleted, or its flags have changed and its name with them. */
  readonly isStale: boolean;
}

/** So many messages are opened at a time. */
const pageSize = 32;

/** Longer headers are cut: what is asked for stands at their start. */
const headerBytes = 64 * 1024;

/** All messages that fit, a page at a time, the latest deliveries first. */
export async function* findPages(
  entries: readonly Entry[],
  wanted: Wanted,
  signal: AbortSignal,
): AsyncGenerator<Page> {
  for (let end = entries.length; end > 0; end -= pageSize) {
    signal.throwIfAborted();
    const page = entries.slice(Math.max(0, end - pageSize), end);
    const looks = await Promise.all(page.map((entry) => look(entry, wanted, signal)));
    yield {
      found: looks.filter((found) => found !== undefined && found !== 'gone'),
      isStale: looks.includes('gone'),
    };
  }
}

async function look(
  entry: Entry,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Found | 'gone' | undefined> {
  const found = await withFile(entry.path, (file) => lookInto(file, entry, wanted, signal));
  return found === 'not a file' ? undefined : found;
}

async function lookInto(
  file: OpenFile,
  entry: Entry,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Found | undefined> {
  // Headers that cannot be read are those of somebody else's mail.
  const start = await file.read(headerBytes, signal);
  const headers = await parseHeaders(start).catch(() => undefined);
  if (headers === undefined || !isWanted(headers, wanted)) return undefined;
  // A program that copies mail sets one of the two anew; the older one is when it came.
  const arrivedAt = new Date(Math.min(entry.namedMs, file.modifiedMs));
  return { entry, order: entry.order, datedAt: headers.date, arrivedAt };
}
