/** Reads one message, no more of it than allowed. */

import type { ImapFlow } from 'imapflow';
import { CourierError } from '../../faults/errors.ts';
import { errorCode } from '../../faults/system-errors.ts';
import { largestMessage } from '../../mail/mime.ts';
import type { ImapMessage } from './find.ts';

/** How much is asked for at a time. */
const windowBytes = 1024 * 1024;

/**
 * All of a message, or undefined when it has been deleted since it was found.
 *
 * @throws CourierError TOO_LARGE
 */
export async function readMessage(
  client: ImapFlow,
  { uid, sizeBytes }: ImapMessage,
  maxOutputBytes: number,
): Promise<Buffer | undefined> {
  const largestBytes = largestMessage(maxOutputBytes);
  const requireSize = (bytes: number) => {
    if (bytes <= largestBytes) return;
    const why = `it has ${bytes} bytes, too many for ${maxOutputBytes} of output`;
    throw new CourierError('TOO_LARGE', why);
  };
  requireSize(sizeBytes);
  const { content } = await client.download(String(uid), undefined, {
    uid: true,
    chunkSize: windowBytes,
  });
  if (content === undefined) return undefined;
  try {
    return await collect(content, requireSize);
  } catch (error) {
    if (errorCode(error) === 'DownloadIncomplete') return undefined;
    throw error;
  } finally {
    content.destroy();
  }
}

async function collect(
  content: AsyncIterable<Buffer>,
  requireSize: (bytes: number) => void,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let total = 0;
  for await (const piece of content) {
    total += piece.length;
    requireSize(total);
    pieces.push(piece);
  }
  return Buffer.concat(pieces, total);
}
