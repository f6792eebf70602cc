/**
 * Documents on their way to a signature, in one file: written by the server, signed on any machine
 * and taken back (update-documents.md#batch).
 */

import { createHash } from 'node:crypto';
import { CourierError } from '../../faults/errors.ts';
import { type Envelope, joinEnvelope } from '../../sealing/envelope.ts';
import { PayloadReader, writePayload } from '../../sealing/payload.ts';
import { splitDocument } from '../documents/verifying.ts';
import { digestText, takeNumber, takeWord } from '../documents/words.ts';

export type BatchKind = 'root' | 'target';

export interface Batch {
  readonly kind: BatchKind;
  /** SHA-256 over all payloads: the same however it was signed. */
  readonly id: string;
  /** Without signatures at first. */
  readonly documents: readonly Envelope[];
}

const format = 'cmk-courier-batch/1';
const separator = '-- document\n';
const signatures = '-- signatures\n';

/** Room for 100,000 hosts with two signatures each. */
export const mostBatchBytes = 256 * 1024 * 1024;

export function makeBatch(kind: BatchKind, payloads: readonly Buffer[]): Batch {
  const documents = payloads.map((payload) => ({ payload, signatures: [] }));
  return { kind, id: idOf(documents), documents };
}

function idOf(documents: readonly Envelope[]): string {
  const hash = createHash('sha256');
  for (const { payload } of documents) hash.update(payload).update(separator);
  return hash.digest('hex');
}

/** The bytes of a batch. */
export function writeBatch({ kind, id, documents }: Batch): Buffer {
  const head = writePayload([
    ['format', format],
    ['kind', kind],
    ['id', id],
    ['documents', String(documents.length)],
  ]);
  const parts = documents.flatMap((document) => [
    Buffer.from(separator),
    document.signatures.length === 0 ? document.payload : joinEnvelope(document),
  ]);
  return Buffer.concat([head, ...parts]);
}

/**
 * Reads a batch; nothing in it is believed yet.
 *
 * @throws CourierError MALFORMED, also when it was cut short
 */
export function readBatch(bytes: Buffer): Batch {
  const [head = '', ...texts] = bytes.toString('latin1').split(separator);
  const reader = new PayloadReader(Buffer.from(head, 'latin1'));
  reader.take('format', (value) => value === format);
  const kind = takeWord(reader, 'kind', ['root', 'target']);
  const id = reader.take('id', digestText);
  const count = takeNumber(reader, 'documents', 1);
  reader.end();
  const documents = texts.map((text) => toDocument(Buffer.from(text, 'latin1'), kind));
  if (documents.length !== count || idOf(documents) !== id) {
    throw new CourierError('MALFORMED', 'a batch that was cut short or changed');
  }
  return { kind, id, documents };
}

function toDocument(bytes: Buffer, kind: BatchKind): Envelope {
  if (bytes.includes(`\n${signatures}`)) return splitDocument(bytes, kind);
  return { payload: bytes, signatures: [] };
}
