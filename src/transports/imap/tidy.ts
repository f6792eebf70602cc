/** Cleans up the messages a newer one has made useless. */

import type { ImapFlow } from 'imapflow';
import { CourierError, quote } from '../../faults/errors.ts';
import { compareAge } from '../../mail/newest.ts';
import type { Older } from '../../mail/options.ts';
import type { WantedMessages } from '../../mail/patterns.ts';
import { findPages, type ImapMessage } from './find.ts';

/** The most in one go, so that a backlog of years does not keep Checkmk waiting. */
const mostAtOnce = 1000;

/**
 * Deletes or moves the messages that fit and are older than the one delivered.
 *
 * @returns how many
 * @throws CourierError PEER when the server does not do it
 */
export async function tidyOlder(
  client: ImapFlow,
  wanted: WantedMessages,
  delivered: ImapMessage,
  older: Older,
): Promise<number> {
  const uids: number[] = [];
  for await (const page of findPages(client, wanted)) {
    uids.push(...page.filter((found) => compareAge(found, delivered) < 0).map(({ uid }) => uid));
    if (uids.length >= mostAtOnce) break;
  }
  if (uids.length === 0) return 0;
  if (older.act === 'delete') await remove(client, uids);
  if (older.act === 'move') await move(client, uids, older.folder);
  return uids.length;
}

/** Without UIDPLUS an EXPUNGE would also remove messages that others have marked (RFC 4315). */
async function remove(client: ImapFlow, uids: number[]): Promise<void> {
  const range = uids.join(',');
  const isDone = client.capabilities.has('UIDPLUS')
    ? await client.messageDelete(range, { uid: true })
    : await client.messageFlagsAdd(range, ['\\Deleted'], { uid: true });
  if (!isDone) throw new CourierError('PEER', 'the server does not delete older messages');
}

async function move(client: ImapFlow, uids: number[], folder: string): Promise<void> {
  const range = uids.join(',');
  const path = folder.split('/');
  const canMove = client.capabilities.has('MOVE');
  const moved = canMove
    ? await client.messageMove(range, path, { uid: true })
    : await client.messageCopy(range, path, { uid: true });
  if (!moved) {
    throw new CourierError('PEER', `the server does not move older messages to ${quote(folder)}`);
  }
  if (!canMove) await remove(client, uids);
}
