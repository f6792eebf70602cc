/** Compressed bytes → bytes, bounded while they are produced. */

import { CourierError } from '../faults/errors.ts';
import { errorCode } from '../faults/system-errors.ts';
import type { Compression, NodeCompression, ToolCompression } from './compression.ts';
import type { ToolLimit } from './system-tools.ts';

/** How much may come out; and what programs of the system need, where one has to do it. */
export type OutputLimit = ToolLimit;

type Decoder = (
  bytes: Buffer,
  options: { readonly info: true; readonly maxOutputLength: number; readonly chunkSize: number },
  done: (error: Error | null, answer: unknown) => void,
) => void;

/** What node:zlib answers when asked for `info`; its types do not know of it. */
interface Answer {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
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
  const { buffer, engine } = await run(bytes, compression, limit).catch((error) => {
    throw toCourierError(error, compression, limit);
  });
  const rest = bytes.length - engine.bytesWritten;
  if (rest > 0) throw damaged(compression, `${rest} bytes follow its end`);
  if (compression === 'zstd' && (await hasCutFrame(bytes, limit))) {
    throw damaged(compression, 'they end too early');
  }
  return buffer;
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

/** node:zlib takes 5 ms to load, so it is loaded when there is something to decompress. */
async function run(
  bytes: Buffer,
  compression: NodeCompression,
  limit: OutputLimit,
): Promise<Answer> {
  const zlib = await import('node:zlib');
  const decoders: Readonly<Record<NodeCompression, Decoder>> = {
    gzip: zlib.gunzip,
    zlib: zlib.inflate,
    'deflate-raw': zlib.inflateRaw,
    brotli: zlib.brotliDecompress,
    zstd: zlib.zstdDecompress,
  };
  const options = {
    info: true,
    maxOutputLength: limit.maxOutputBytes,
    chunkSize: 128 * 1024,
  } as const;
  return new Promise((resolve, reject) => {
    decoders[compression](bytes, options, (error, answer) => {
      if (error) reject(error);
      else if (isAnswer(answer)) resolve(answer);
      else reject(new Error('node:zlib gave no info'));
    });
  });
}

function isAnswer(answer: unknown): answer is Answer {
  return typeof answer === 'object' && answer !== null && 'buffer' in answer && 'engine' in answer;
}

function toCourierError(error: unknown, compression: Compression, limit: OutputLimit) {
  const code = errorCode(error) ?? '';
  if (code === 'ERR_BUFFER_TOO_LARGE') {
    const message = `${compression} data would unpack to more than the allowed ${limit.maxOutputBytes} bytes`;
    return new CourierError('TOO_LARGE', message, { cause: error });
  }
  if (code === 'Z_BUF_ERROR') return damaged(compression, 'they end too early', error);
  if (/^(Z_|ERR_BROTLI_|ERR__ERROR_|BROTLI_|ZSTD_)/.test(code)) {
    return damaged(compression, error instanceof Error ? error.message : code, error);
  }
  return new CourierError('INTERNAL', `decompressing ${compression}`, { cause: error });
}

function damaged(compression: Compression, how: string, cause?: unknown): CourierError {
  return new CourierError('MALFORMED', `damaged ${compression} data: ${how}`, { cause });
}
