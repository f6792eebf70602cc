/** Finds the agent output in a message: an attachment, or else the text. */

import { CourierError, cleanText } from '../faults/errors.ts';
import { withPassedOver } from '../transports/candidates.ts';
import type {
  AskedFor,
  Foreign,
  Objection,
  OpenContext,
  PassedOver,
} from '../transports/transport.ts';
import { recogniseCompression } from '../wrapping/first-bytes.ts';
import { unflow } from './flowed.ts';
import { findParts, nameOfPart, type Part, type PartKind } from './parts.ts';
import { decodeTransfer } from './transfer-encoding.ts';

/**
 * How large a message may be that holds output of so many bytes: quoted-printable makes three
 * of one, and soft line breaks; the rest is for headers and a text beside the attachment.
 */
export function largestMessage(maxOutputBytes: number): number {
  return Math.ceil(maxOutputBytes * 3.2) + 1024 * 1024;
}

/** What was found in a message. */
export interface Extracted {
  readonly output: Buffer;
  /** Attachments that are something else, in the order of the message. */
  readonly passedOver: PassedOver;
  /** Why it is no output, where nothing in the message is. */
  readonly objection: Objection;
}

/** In the order in which they are looked at; of each kind so many at most. */
const kinds: readonly PartKind[] = ['attachment', 'other attachment', 'body'];
const mostOfKind = 20;

/**
 * The first attachment that is agent output, or else the first text/plain part that is, with its
 * transfer encoding undone and its character set left alone. Where nothing is agent output, it is
 * the first attachment that could be by its type or name, or else the first text, so that what is
 * wrong with it can be told.
 *
 * Text beside a damaged attachment is never taken: it may be the beginning of the same output.
 *
 * @throws CourierError MALFORMED when there is neither, or the message is damaged; TOO_LARGE;
 * the signal's reason
 */
export async function extractOutput(
  message: Buffer,
  { maxOutputBytes, accepts }: Pick<OpenContext, 'maxOutputBytes' | 'accepts'>,
  asked: AskedFor,
): Promise<Extracted> {
  const parts = await findParts(message, asked.signal);
  const judged = new Map<Part, Foreign>();
  const passedOver = (except?: Part) => namePassedOver(parts, judged, except);
  let fallback: { readonly part: Part; readonly output: Buffer } | undefined;
  for (const part of kinds.flatMap((kind) => ofKind(parts, kind))) {
    const output = decodeOrSkip(part, maxOutputBytes);
    const objection = output instanceof Error ? output.message : await accepts(output, asked);
    const isTorn = !(output instanceof Error) && recogniseCompression(output) !== undefined;
    if (!(output instanceof Error) && (objection === undefined || isTorn)) {
      return { output, passedOver: passedOver(part), objection };
    }
    judged.set(part, { name: nameOfPart(part), why: objection ?? '' });
    if (!(output instanceof Error) && part.kind !== 'other attachment') {
      fallback ??= { part, output };
    }
  }
  if (fallback !== undefined) {
    const { output, part } = fallback;
    return { output, passedOver: passedOver(part), objection: judged.get(part)?.why };
  }
  const fault = 'it has neither an attachment for us nor a text/plain part';
  throw withPassedOver(new CourierError('MALFORMED', fault), passedOver());
}

function ofKind(parts: readonly Part[], kind: PartKind): readonly Part[] {
  return parts.filter((part) => part.kind === kind).slice(0, mostOfKind);
}

/** Attachments that are not output, judged or not; the text beside them is there for people. */
function namePassedOver(
  parts: readonly Part[],
  judged: ReadonlyMap<Part, Foreign>,
  except: Part | undefined,
): PassedOver {
  return parts
    .filter((part) => part !== except && part.kind !== 'body')
    .filter((part) => judged.has(part) || part.node.filename !== false)
    .map((part) => judged.get(part) ?? { name: nameOfPart(part), why: typeOf(part) });
}

function typeOf({ node }: Part): string {
  return cleanText(node.contentType || 'of no type');
}

/** What is wrong with a part that is hardly output is no fault of the message. */
function decodeOrSkip(part: Part, maxOutputBytes: number): Buffer | CourierError {
  try {
    return decodePart(part, maxOutputBytes);
  } catch (error) {
    if (part.kind === 'other attachment' && error instanceof CourierError) return error;
    throw error;
  }
}

/** @throws CourierError MALFORMED, TOO_LARGE */
function decodePart({ node, pieces, isClosed }: Part, maxOutputBytes: number): Buffer {
  if (node.parentNode !== false && !isClosed) {
    throw new CourierError('MALFORMED', 'it ends in the middle of the part that holds the output');
  }
  const decoded = decodeTransfer(Buffer.concat(pieces), node.encoding || '');
  const isFlowed = node.flowed && node.contentType === 'text/plain';
  const output = isFlowed ? unflow(decoded, node.delSp) : decoded;
  if (output.length <= maxOutputBytes) return output;
  throw new CourierError(
    'TOO_LARGE',
    `it holds ${output.length} bytes, allowed are ${maxOutputBytes}`,
  );
}
