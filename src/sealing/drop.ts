/** A sealed drop: a signed header and a body, in one file (sealed-drops.md#file). */

import { CourierError } from '../faults/errors.ts';
import { type HostName, isHostName } from '../names/host-name.ts';
import { joinEnvelope, type Signature, splitEnvelope } from './envelope.ts';
import { isSealed } from './first-bytes.ts';
import { type Field, PayloadReader, writePayload } from './payload.ts';
import { isStamp } from './stamp.ts';

/** What the body is once it is decrypted. */
export type ContentEncoding = 'identity' | 'gzip' | 'zlib' | 'zstd';

/** A key that opens the body, and for which site. */
export interface WrappedKey {
  /** The id of the site's public key. */
  readonly recipient: string;
  readonly bytes: Buffer;
}

export interface DropHeader {
  readonly host: HostName;
  /** When the agent began, as a stamp. */
  readonly produced: string;
  /** Of the body as it lies in the file. */
  readonly bodySize: number;
  readonly bodySha256: string;
  readonly contentEncoding: ContentEncoding;
  /** Empty: the body is not encrypted. */
  readonly wrappedKeys: readonly WrappedKey[];
}

/** A drop taken apart, of which nothing is believed yet. */
export interface SealedDrop {
  readonly payload: Buffer;
  readonly signature: Signature;
  readonly body: Buffer;
}

const format = 'cmk-courier-drop/1';
const encryption = 'aes-256-cbc+rsa-oaep';

/** With room for eight sites whose keys have 8192 bits. */
const mostHeaderBytes = 16 * 1024;
const mostRecipients = 8;
const bodyMarker = Buffer.from('\n-- body\n');

/**
 * Takes a drop apart, without believing anything in it.
 *
 * @throws CourierError MALFORMED
 */
export function splitDrop(bytes: Buffer): SealedDrop {
  requireDrop(bytes);
  const end = bytes.subarray(0, mostHeaderBytes).indexOf(bodyMarker);
  if (end < 0) {
    const isLong = bytes.length >= mostHeaderBytes;
    throw malformed(isLong ? 'its header has no end' : 'it ends before its body');
  }
  const { payload, signatures } = splitEnvelope(bytes.subarray(0, end + 1), ['key', 'mac']);
  const [signature, second] = signatures;
  if (signature === undefined || second !== undefined) {
    throw malformed(`it has ${signatures.length} signatures, not one`);
  }
  return { payload, signature, body: bytes.subarray(end + bodyMarker.length) };
}

function requireDrop(bytes: Buffer): void {
  const [, found = ''] = /^format (cmk-courier-[\x21-\x7e]{1,40})\n/.exec(firstLine(bytes)) ?? [];
  if (found === format) return;
  const kind = found.replace(/\/.*$/, '');
  if (found !== '' && kind === format.replace(/\/.*$/, '')) {
    throw malformed(`it is of the format ${found}, and only ${format} is known here`);
  }
  if (found === '' && !isSealed(bytes)) {
    throw new CourierError('MALFORMED', 'this is not sealed: it does not begin as a sealed drop');
  }
  if (found === '') throw malformed('its first line has no end');
  throw new CourierError('MALFORMED', `this is a signed document of the format ${found}, no drop`);
}

function firstLine(bytes: Buffer): string {
  return bytes.toString('latin1', 0, 100);
}

/** A whole drop. */
export function joinDrop({ payload, signature, body }: SealedDrop): Buffer {
  const head = joinEnvelope({ payload, signatures: [signature] });
  return Buffer.concat([head, bodyMarker.subarray(1), body]);
}

/** The payload that says all of it. */
export function writeHeader(header: DropHeader): Buffer {
  const { host, produced, bodySize, bodySha256, contentEncoding, wrappedKeys } = header;
  return writePayload([
    ['format', format],
    ['host', host],
    ['produced', produced],
    ['body-size', String(bodySize)],
    ['body-sha256', bodySha256],
    ['content-encoding', contentEncoding],
    ['encryption', wrappedKeys.length === 0 ? 'none' : encryption],
    ...wrappedKeys.flatMap(({ recipient, bytes }): readonly Field[] => [
      ['recipient', recipient],
      ['wrapped-key', bytes],
    ]),
  ]);
}

const digest = /^[0-9a-f]{64}$/;
const encodings: readonly ContentEncoding[] = ['identity', 'gzip', 'zlib', 'zstd'];

/**
 * Reads the payload of a drop whose signature has been verified.
 *
 * @throws CourierError MALFORMED
 */
export function readHeader(payload: Buffer): DropHeader {
  const reader = new PayloadReader(payload);
  reader.take('format', (value) => value === format);
  const host = reader.take('host', isHostName);
  const produced = reader.take('produced', isStamp);
  const bodySize = Number(reader.take('body-size', /^(?:0|[1-9]\d{0,14})$/));
  const bodySha256 = reader.take('body-sha256', digest);
  const encoding = reader.take('content-encoding', /^[a-z]+$/);
  const contentEncoding = encodings.find((known) => known === encoding);
  if (contentEncoding === undefined) throw malformed(`the content-encoding ${encoding} is unknown`);
  const how = reader.take('encryption', (value) => value === 'none' || value === encryption);
  const wrappedKeys = how === 'none' ? [] : readWrappedKeys(reader);
  reader.end();
  if (!isHostName(host)) throw malformed('its host has no name');
  return { host, produced, bodySize, bodySha256, contentEncoding, wrappedKeys };
}

function readWrappedKeys(reader: PayloadReader): readonly WrappedKey[] {
  const keys: WrappedKey[] = [];
  do {
    const recipient = reader.take('recipient', digest);
    if (keys.some((key) => key.recipient === recipient)) {
      throw malformed('one recipient stands in it twice');
    }
    keys.push({ recipient, bytes: reader.takeBytes('wrapped-key') });
  } while (reader.isNext('recipient') && keys.length < mostRecipients);
  return keys;
}

/**
 * Holds the body against a header that has been verified.
 *
 * @throws CourierError MALFORMED
 */
export async function requireBody(body: Buffer, header: DropHeader): Promise<void> {
  const { bodySize, bodySha256 } = header;
  if (body.length !== bodySize) {
    const how = body.length < bodySize ? 'it was cut short' : 'something follows its end';
    throw malformed(`its body has ${body.length} bytes, not ${bodySize}: ${how}`);
  }
  const { createHash } = await import('node:crypto');
  if (createHash('sha256').update(body).digest('hex') === bodySha256) return;
  throw malformed('its body is not the one that was signed');
}

function malformed(how: string): CourierError {
  return new CourierError('MALFORMED', `a damaged sealed drop: ${how}`);
}
