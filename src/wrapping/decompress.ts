/** Compressed bytes → bytes, bounded while they are produced. */

import { CourierError } from '../faults/errors.ts';
import { errorCode } from '../faults/system-errors.ts';
import { ByteCollector } from '../system/byte-collector.ts';
import { letGo } from '../system/let-go.ts';
import type { Compression, NodeCompression, ToolCompression } from './compression.ts';
import type { ToolLimit } from './system-tools.ts';

/** The limit of the result, and what a program of the system needs when one has to be run. */
export type OutputLimit = ToolLimit;

/** What came out, and how much of the packed bytes it took. */
interface Unpacked {
  readonly output: Buffer;
  readonly usedBytes: number;
}

/**
 * Decompresses all of `bytes`; gzip members, zstd frames and xz or bzip2 streams that follow each
 * other are joined.
 *
 * @throws CourierError TOO_LARGE when more than the limit would come out; MALFORMED when the
 * bytes are damaged, cut short, or followed by something else; LOCAL when the program of the system
 * that undoes it is not installed; the reason of the limit's signal
 */
export async function decompress(
  bytes: Buffer,
  compression: Compression,
  limit: OutputLimit,
): Promise<Buffer> {
  if (isForTool(compression)) {
    const { decompressByTool } = await import('./system-tools.ts');
    return decompressByTool(bytes, compression, limit);
  }
  const { output, usedBytes } = await run(bytes, compression, limit).catch((error) => {
    throw toCourierError(error, compression);
  });
  const rest = bytes.length - usedBytes;
  if (rest > 0) throw damaged(compression, `${rest} bytes follow its end`);
  if (compression === 'zstd' && (await hasCutFrame(bytes, limit))) {
    throw damaged(compression, 'they end too early');
  }
  return output;
}

function isForTool(compression: Compression): compression is ToolCompression {
  return compression === 'xz' || compression === 'bzip2' || compression === 'compress';
}

/** The first bytes of a frame, but not all four (RFC 8878 3.1.1 and 3.1.2). */
const cutMagicNumber = /(?:\x28(?:\xb5\x2f?)?|[\x50-\x5f](?:\x2a\x4d?)?)$/;

/** node:zlib waits without a word for the rest of a frame that is cut within its magic number. */
async function hasCutFrame(bytes: Buffer, limit: OutputLimit): Promise<boolean> {
  const [cut] = cutMagicNumber.exec(bytes.toString('latin1', bytes.length - 3)) ?? [];
  if (cut === undefined) return false;
  const whole = bytes.subarray(0, bytes.length - cut.length);
  return run(whole, 'zstd', limit).then(
    () => true,
    () => false,
  );
}

const chunkSize = 128 * 1024;

/** node:zlib takes 5 ms to load, so it is loaded when there is something to decompress. */
async function run(
  bytes: Buffer,
  compression: NodeCompression,
  { maxOutputBytes }: OutputLimit,
): Promise<Unpacked> {
  const zlib = await import('node:zlib');
  const decoders = {
    gzip: zlib.createGunzip,
    zlib: zlib.createInflate,
    'deflate-raw': zlib.createInflateRaw,
    brotli: zlib.createBrotliDecompress,
    zstd: zlib.createZstdDecompress,
  } as const;
  const decoder = decoders[compression]({ chunkSize });
  const collected = new ByteCollector();
  const size = announcedSize(bytes, compression);
  if (size <= maxOutputBytes) collected.expect(size);
  const { promise, resolve, reject } = Promise.withResolvers<Unpacked>();
  decoder.on('data', (piece: Buffer) => {
    if (collected.length + piece.length > maxOutputBytes) {
      reject(tooMuch(compression, maxOutputBytes));
    } else {
      collected.add(piece);
      letGo(piece);
    }
  });
  decoder.on('error', reject);
  decoder.on('end', () => {
    resolve({ output: collected.bytes(), usedBytes: decoder.bytesWritten });
  });
  decoder.end(bytes);
  return promise.finally(() => decoder.destroy());
}

function tooMuch(compression: Compression, maxOutputBytes: number): CourierError {
  const why = `${compression} data would unpack to more than the allowed ${maxOutputBytes} bytes`;
  return new CourierError('TOO_LARGE', why);
}

/**
 * How much will come out, as the end of a gzip file says (RFC 1952 2.3.1, ISIZE); 0 when nothing
 * does. It is that of the last member only, and a lie in bad data: no more than a hint for the room.
 */
function announcedSize(bytes: Buffer, compression: NodeCompression): number {
  if (compression !== 'gzip' || bytes.length < 4) return 0;
  return bytes.readUInt32LE(bytes.length - 4);
}

function toCourierError(error: unknown, compression: Compression): CourierError {
  if (error instanceof CourierError) return error;
  const code = errorCode(error) ?? '';
  if (code === 'Z_BUF_ERROR') return damaged(compression, 'they end too early', error);
  if (/^(Z_|ERR_BROTLI_|ERR__ERROR_|BROTLI_|ZSTD_)/.test(code)) {
    return damaged(compression, error instanceof Error ? error.message : code, error);
  }
  return new CourierError('INTERNAL', `decompressing ${compression}`, { cause: error });
}

function damaged(compression: Compression, how: string, cause?: unknown): CourierError {
  return new CourierError('MALFORMED', `damaged ${compression} data: ${how}`, { cause });
}
