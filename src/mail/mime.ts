/** Finds the agent output in a message: an attachment, or else the text. */

import type { MimeNode, SplitterChunk } from '@zone-eu/mailsplit';
import { CourierError } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import { decodeTransfer } from './transfer-encoding.ts';

/** A part of a message that may be agent output, as it was sent. */
interface Part {
  readonly node: MimeNode;
  readonly pieces: Buffer[];
  /** Whether a boundary has come after it; without one the rest of it is missing. */
  isClosed: boolean;
}

interface Parts {
  attachment?: Part;
  body?: Part;
}

/**
 * How large a message may be that holds output of so many bytes: quoted-printable makes three
 * of one, and soft line breaks; the rest is for headers and a text beside the attachment.
 */
export function largestMessage(maxOutputBytes: number): number {
  return Math.ceil(maxOutputBytes * 3.2) + 1024 * 1024;
}

/**
 * The first attachment that can be agent output, or else the first text/plain part, with its
 * transfer encoding undone and its character set left alone.
 *
 * @throws CourierError MALFORMED when there is neither, or the message is damaged; TOO_LARGE;
 * the signal's reason
 */
export async function extractOutput(
  message: Buffer,
  maxOutputBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const { attachment, body } = await findParts(message, signal);
  const part = attachment ?? body;
  if (part === undefined) {
    throw new CourierError(
      'MALFORMED',
      'it has neither an attachment for us nor a text/plain part',
    );
  }
  if (part.node.parentNode !== false && !part.isClosed) {
    throw new CourierError('MALFORMED', 'it ends in the middle of the part that holds the output');
  }
  const output = decodeTransfer(Buffer.concat(part.pieces), part.node.encoding || '');
  if (output.length <= maxOutputBytes) return output;
  throw new CourierError(
    'TOO_LARGE',
    `it holds ${output.length} bytes, allowed are ${maxOutputBytes}`,
  );
}

/** So many bytes are taken apart between two looks at the signal. */
const pieceBytes = 256 * 1024;

async function findParts(message: Buffer, signal: AbortSignal): Promise<Parts> {
  const { Splitter } = await import('@zone-eu/mailsplit');
  const { Readable } = await import('node:stream');
  const splitter = new Splitter({ ignoreEmbedded: true, maxHeadSize: 256 * 1024 });
  const source = Readable.from(inPieces(message, signal));
  source.on('error', (error) => splitter.destroy(error));
  try {
    const chunks: AsyncIterable<SplitterChunk> = source.pipe(splitter);
    return await collectParts(chunks);
  } catch (error) {
    if (errorCode(error) !== 'EMAXLEN') throw asCourierError(error, 'taking the message apart');
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

async function collectParts(chunks: AsyncIterable<SplitterChunk>): Promise<Parts> {
  const parts: Parts = {};
  let current: Part | undefined;
  for await (const chunk of chunks) {
    if (chunk.type === 'body') {
      if (current?.node === chunk.node && chunk.value) current.pieces.push(chunk.value);
      continue;
    }
    if (current !== undefined && (chunk.type === 'data' || chunk !== current.node)) {
      current.isClosed = true;
      if (current === parts.attachment) return parts;
      current = undefined;
    }
    if (chunk.type === 'node') current = takePart(parts, chunk);
  }
  return parts;
}

/** Keeps a part when it is the first of its kind. */
function takePart(parts: Parts, node: MimeNode): Part | undefined {
  const part = { node, pieces: [], isClosed: false };
  if (parts.attachment === undefined && isAttachment(node)) {
    parts.attachment = part;
    return part;
  }
  if (parts.body === undefined && isBody(node)) {
    parts.body = part;
    return part;
  }
  return undefined;
}

const attachedTypes = new Set([
  'application/octet-stream',
  'application/gzip',
  'application/x-gzip',
  'application/zstd',
  'application/x-zstd',
]);

const attachedNames = /\.(?:txt|gz|zst|out)$/i;

/** By its type or its name; text also when it says of itself that it is an attachment. */
function isAttachment({ contentType, disposition, filename, multipart }: MimeNode): boolean {
  if (multipart || contentType === false || contentType.startsWith('message/')) return false;
  if (attachedTypes.has(contentType)) return true;
  if (filename && attachedNames.test(filename)) return true;
  return contentType === 'text/plain' && disposition === 'attachment';
}

function isBody({ contentType, disposition }: MimeNode): boolean {
  return contentType === 'text/plain' && disposition !== 'attachment';
}
