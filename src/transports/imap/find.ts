/** Finds messages of a host: the server searches, we look at the headers of what it found. */

import type { ImapFlow, SearchObject } from 'imapflow';
import { CourierError } from '../../faults/errors.ts';
import { type MessageHeaders, parseHeaders, wantedFields } from '../../mail/headers.ts';
import { type Dated, newestFirst } from '../../mail/newest.ts';
import { isWanted, type Pattern, type WantedMessages } from '../../mail/patterns.ts';
import { readStatedTime, type StatedTime } from '../../times/stated-time.ts';

/** A message that fits, not yet read. */
export interface ImapMessage extends Dated {
  readonly uid: number;
  /** What the server says it has. */
  readonly sizeBytes: number;
}

/** For how many messages headers are asked for at a time. */
const pageSize = 50;

/**
 * The messages that fit, the newest first. They are looked at from the latest arrival on, a page at
 * a time; within a page the one produced last goes first.
 *
 * @throws CourierError PEER when the server cannot search
 */
export async function* findNewestMessages(
  client: ImapFlow,
  wanted: WantedMessages,
): AsyncGenerator<ImapMessage> {
  for await (const page of findPages(client, wanted)) yield* newestFirst(page);
}

/** All messages that fit, a page at a time, the latest arrivals first. */
export async function* findPages(
  client: ImapFlow,
  wanted: WantedMessages,
): AsyncGenerator<readonly ImapMessage[]> {
  const uids = await client.search(toQuery(wanted), { uid: true });
  if (uids === false || uids === undefined) {
    throw new CourierError('PEER', 'the server cannot search the folder');
  }
  for (let end = uids.length; end > 0; end -= pageSize) {
    yield await readPage(client, uids.slice(Math.max(0, end - pageSize), end), wanted);
  }
}

async function readPage(
  client: ImapFlow,
  uids: number[],
  wanted: WantedMessages,
): Promise<readonly ImapMessage[]> {
  const query = { uid: true, internalDate: true, size: true, headers: [...wantedFields] };
  const messages = await client.fetchAll(uids, query, { uid: true });
  const page: ImapMessage[] = [];
  for (const { uid, internalDate, size = 0, headers } of messages) {
    const parsed = headers && (await parseHeadersOrSkip(headers));
    if (!parsed || !isWanted(parsed, wanted)) continue;
    const arrivedAt = toArrival(internalDate);
    page.push({ uid, order: uid, sizeBytes: size, datedAt: parsed.date, arrivedAt });
  }
  return page;
}

/** Headers that cannot be read are those of somebody else's mail. */
async function parseHeadersOrSkip(headers: Buffer): Promise<MessageHeaders | undefined> {
  return parseHeaders(headers).catch(() => undefined);
}

/** The library leaves what it cannot read as it is. */
function toArrival(internalDate: Date | string | undefined): StatedTime {
  if (internalDate instanceof Date && !Number.isNaN(internalDate.getTime())) return internalDate;
  return readStatedTime('INTERNALDATE', internalDate?.toString());
}

/** The search by the server, which knows parts of texts, but no patterns. */
function toQuery({ from, subject, to }: WantedMessages): SearchObject {
  return {
    deleted: false,
    ...narrow(from, (text) => ({ from: text })),
    ...narrow(subject, (text) => ({ subject: text })),
    ...narrow(to, (text) => ({
      or: [
        { to: text },
        { cc: text },
        { header: { 'Delivered-To': text } },
        { header: { 'X-Original-To': text } },
      ],
    })),
  };
}

function narrow(pattern: Pattern | undefined, toKey: (text: string) => SearchObject): SearchObject {
  return pattern === undefined || pattern.literal === '' ? {} : toKey(pattern.literal);
}
