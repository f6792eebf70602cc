/** Output of a host as a message of NATS: its headers, its body, and what is checked of them. */

import { CourierError, cleanText, quote } from '../faults/errors.ts';
import type { HostName } from '../names/host-name.ts';
import { decodeToken, encodeToken } from '../names/name-token.ts';
import { isSealed } from '../sealing/first-bytes.ts';
import { oldestOf, readStatedTime, type StatedTime } from '../times/stated-time.ts';
import { decompress, type OutputLimit } from '../wrapping/decompress.ts';
import { omittedHeader } from './frame-filter.ts';

/** When the host produced it: ISO 8601 in UTC, with milliseconds. */
const producedHeader = 'Courier-Produced';
/** When the first of us got it, in the same form. */
const receivedHeader = 'Courier-Received';
/** SHA-256 of the output as it was given, in lower case hex. */
const digestHeader = 'Courier-Sha256';
/** Who brought it, for people. */
const originHeader = 'Courier-Origin';
const encodingHeader = 'Content-Encoding';
/** The server takes a message with an ID that it has had once (nats.md#conflicts). */
const idHeader = 'Nats-Msg-Id';

/** Output that is to be sent. */
export interface NewMessage {
  readonly host: HostName;
  /** As it came: a sealed drop stays one. */
  readonly output: Buffer;
  readonly producedAt: Date;
  readonly receivedAt: Date;
  readonly origin: string;
}

/** A message that can be sent. */
export interface PackedMessage {
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** SHA-256 of the output, in hex. */
  readonly digest: string;
}

/** Packs output; the compression of large ones has a thread of its own. */
export async function packOutput(message: NewMessage): Promise<PackedMessage> {
  const { host, output, producedAt, receivedAt, origin } = message;
  const digest = await digestOf(output);
  const isPlain = isSealed(output);
  const body = isPlain ? output : await compress(output);
  const headers = [
    [producedHeader, producedAt.toISOString()],
    [receivedHeader, receivedAt.toISOString()],
    [digestHeader, digest],
    [originHeader, cleanText(origin)],
    ...(isPlain ? [] : [[encodingHeader, 'zstd'] as const]),
    [idHeader, `${encodeToken(host)} ${producedAt.toISOString()} ${digest}`],
  ] as const;
  return { headers, body, digest };
}

/** HeaderLines as they came: in any case, and perhaps several of one name. */
export type HeaderLines = Iterable<readonly [name: string, values: readonly string[]]>;

/** What is stored under a subject. */
export interface StoredMessage {
  readonly headers: HeaderLines | undefined;
  readonly data: Uint8Array;
  /** When the server stored it. */
  readonly storedAt: Date;
}

/** Output as it was stored, unpacked. */
export interface StoredOutput {
  /** Shares no memory with the message. */
  readonly output: Buffer;
  /** When nobody states a time, when it was stored: the server says that, not the sender. */
  readonly producedAt: StatedTime;
  /** Who brought it; empty when that is not said. */
  readonly origin: string;
}

/**
 * When the output of a message was produced, and its digest, without unpacking it. Of several times the
 * oldest counts; several digests are none that any output has.
 */
export function readProduced({ headers, storedAt }: Omit<StoredMessage, 'data'>): {
  readonly producedAt: StatedTime;
  readonly digest: string | undefined;
} {
  const stated = valuesOf(headers, producedHeader);
  const times = stated.map((text) => readStatedTime(producedHeader, text));
  return { producedAt: oldestOf(times) ?? storedAt, digest: textOf(headers, digestHeader) };
}

/** Whose output one of us packed; undefined where somebody else did. */
export function readPackedFor(headers: HeaderLines | undefined): string | undefined {
  const [, token] = packedId.exec(textOf(headers, idHeader) ?? '') ?? [];
  return token === undefined ? undefined : decodeToken(token);
}

/** As {@link packOutput} writes it, or with how often it was repeated. */
const packedId = /^(\S+) \S+ [0-9a-f]{64}(?: \d+)?$/;

/** What stands in a header; undefined when it is empty or not there. */
function textOf(headers: HeaderLines | undefined, name: string): string | undefined {
  const values = new Set(valuesOf(headers, name));
  return values.size === 0 ? undefined : [...values].join(', ');
}

function valuesOf(headers: HeaderLines | undefined, name: string): readonly string[] {
  const found = [...(headers ?? [])].filter(([key]) => key.toLowerCase() === name.toLowerCase());
  return found.flatMap(([, values]) => values).filter((value) => value !== '');
}

/**
 * Unpacks a message and checks that its output is what was sent.
 *
 * @throws CourierError TOO_LARGE; MALFORMED when it is damaged, or packed in a way nobody agreed on
 */
export async function unpackOutput(
  message: StoredMessage,
  limit: OutputLimit,
): Promise<StoredOutput> {
  const { headers, data } = message;
  const omitted = textOf(headers, omittedHeader);
  if (omitted) throw tooLarge(omitted, limit);
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const encoding = textOf(headers, encodingHeader);
  if (encoding !== undefined && encoding !== 'zstd') {
    throw new CourierError('MALFORMED', `unknown ${encodingHeader} ${quote(encoding)}`);
  }
  if (encoding === undefined && bytes.length > limit.maxOutputBytes)
    throw tooLarge(bytes.length, limit);
  // What is not packed is copied: the bytes are a part of what came over the connection.
  const output =
    encoding === undefined ? Buffer.from(bytes) : await decompress(bytes, 'zstd', limit);
  const { producedAt, digest } = readProduced(message);
  if (digest !== undefined && digest !== (await digestOf(output))) {
    throw new CourierError('MALFORMED', `it is not what was sent: its ${digestHeader} is another`);
  }
  return { output, producedAt, origin: cleanText(textOf(headers, originHeader) ?? '') };
}

function tooLarge(bytes: number | string, { maxOutputBytes }: OutputLimit): CourierError {
  return new CourierError('TOO_LARGE', `it has ${bytes} bytes, allowed are ${maxOutputBytes}`);
}

/** node:crypto and node:zlib take 10 ms to load: when there is something to pack or to unpack. */
async function digestOf(output: Buffer): Promise<string> {
  const { hash } = await import('node:crypto');
  return hash('sha256', output);
}

/** Below it a thread takes several times as long as what it does: 1.6 ms to 0.3 ms for 30 kB. */
const longestAtOnce = 256 * 1024;

/** Takes three quarters of the time of zstd's default, 3, and makes outputs 1 to 2 % larger. */
const compressionLevel = 2;

async function compress(output: Buffer): Promise<Buffer> {
  const { constants, zstdCompress, zstdCompressSync } = await import('node:zlib');
  const options = { params: { [constants.ZSTD_c_compressionLevel]: compressionLevel } };
  if (output.length <= longestAtOnce) return zstdCompressSync(output, options);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  zstdCompress(output, options, (error, packed) =>
    error === null ? resolve(packed) : reject(error),
  );
  return promise;
}
