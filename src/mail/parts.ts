/** The parts of a message that may hold agent output. */

import type { MimeNode, SplitterChunk } from '@zone-eu/mailsplit';
import { CourierError, cleanText } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';

/** What a part is by what it says of itself; the first kind is the most likely to be output. */
export type PartKind = 'attachment' | 'body' | 'other attachment' | 'nothing for us';

/** A part of a message as it was sent. */
export interface Part {
  readonly kind: PartKind;
  readonly node: MimeNode;
  readonly pieces: Buffer[];
  /** Whether a boundary has come after it; without one the rest of it is missing. */
  isClosed: boolean;
}

/** A file name, or else the type, for messages. */
export function nameOfPart({ node: { filename, contentType } }: Part): string {
  return cleanText(filename || contentType || 'a part', 60);
}

/** How many bytes are taken apart before the signal is looked at again. */
const pieceBytes = 256 * 1024;

/**
 * All parts of a message but those that only hold others.
 *
 * @throws CourierError MALFORMED when it has too many or too long headers, and none before that;
 * the signal's reason
 */
export async function findParts(message: Buffer, signal: AbortSignal): Promise<readonly Part[]> {
  const { Splitter } = await import('@zone-eu/mailsplit');
  const { Readable } = await import('node:stream');
  const splitter = new Splitter({ ignoreEmbedded: true, maxHeadSize: 256 * 1024 });
  const source = Readable.from(inPieces(message, signal));
  source.on('error', (error) => splitter.destroy(error));
  const parts: Part[] = [];
  try {
    const chunks: AsyncIterable<SplitterChunk> = source.pipe(splitter);
    await collectParts(chunks, parts);
    return parts;
  } catch (error) {
    if (errorCode(error) !== 'EMAXLEN') throw asCourierError(error, 'taking the message apart');
    // What stands in front of the excess is whole, and excess behind it is none of our business.
    if (parts.some(({ kind, isClosed }) => kind === 'attachment' && isClosed)) return parts;
    const why = 'it has more parts or longer headers than any honest message';
    throw new CourierError('MALFORMED', why, { cause: error });
  } finally {
    source.destroy();
    splitter.destroy();
  }
}

function* inPieces(message: Buffer, signal: AbortSignal): Generator<Buffer> {
  for (let start = 0; start < message.length; start += pieceBytes) {
    signal.throwIfAborted();
    yield message.subarray(start, start + pieceBytes);
  }
}

async function collectParts(chunks: AsyncIterable<SplitterChunk>, parts: Part[]): Promise<void> {
  let current: Part | undefined;
  for await (const chunk of chunks) {
    if (chunk.type === 'body') {
      if (current?.node === chunk.node && chunk.value) current.pieces.push(chunk.value);
      continue;
    }
    if (current !== undefined && (chunk.type === 'data' || chunk !== current.node)) {
      current.isClosed = true;
      current = undefined;
    }
    if (chunk.type !== 'node' || chunk.multipart) continue;
    current = { kind: kindOf(chunk), node: chunk, pieces: [], isClosed: false };
    parts.push(current);
  }
}

const attachedTypes = new Set([
  'application/octet-stream',
  'application/gzip',
  'application/x-gzip',
  'application/zstd',
  'application/x-zstd',
  'application/x-xz',
  'application/x-bzip',
  'application/x-bzip2',
  'application/x-compress',
]);

const attachedNames = /\.(?:txt|gz|zst|xz|bz2|z|out)$/i;

/** By its type or its name; text also when it says of itself that it is an attachment. */
function kindOf({ contentType, disposition, filename }: MimeNode): PartKind {
  const type = contentType || '';
  if (type.startsWith('message/')) return 'nothing for us';
  if (attachedTypes.has(type)) return 'attachment';
  if (filename && attachedNames.test(filename)) return 'attachment';
  if (type === 'text/plain') return disposition === 'attachment' ? 'attachment' : 'body';
  return /^(?:text\/html$|image\/|audio\/|video\/)/.test(type)
    ? 'nothing for us'
    : 'other attachment';
}
