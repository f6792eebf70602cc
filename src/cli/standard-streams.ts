/**
 * stdin, stdout and stderr by their descriptors.
 *
 * Node's own process.stdout writes to a pipe while the event loop stands still, so a reader
 * that does not read would keep us from seeing a signal. fs.write waits on another thread.
 */

import { constants, fstatSync, read, readFileSync, write, writeSync } from 'node:fs';
import { CourierError } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';

/** How long to wait before asking a descriptor again that somebody has made non-blocking. */
const retryDelayMs = 5;

/**
 * Writes all of `bytes`, waiting for a slow reader as long as it takes.
 *
 * @throws CourierError LOCAL
 */
export async function writeDescriptor(descriptor: number, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  while (rest.length > 0) rest = rest.subarray(await writeSome(descriptor, rest));
}

async function writeSome(descriptor: number, bytes: Uint8Array): Promise<number> {
  const result = await new Promise<number | Error>((resolve) => {
    write(descriptor, bytes, (error, written) => resolve(error ?? written));
  });
  if (typeof result === 'number') return result;
  if (errorCode(result) === 'EPIPE') {
    throw new CourierError('LOCAL', 'writing to stdout: nobody reads it any more', {
      cause: result,
    });
  }
  return retryOrThrow(result, 'writing to stdout');
}

/** The null device (Linux, Documentation/admin-guide/devices.txt): major 1, minor 3. */
const nullDevice = 0x0103;
const accessMode = 0o3;

/**
 * Refuses a stdout that was closed when we were started. Node opens the null device in its place,
 * for reading and writing (node.cc, PlatformInit), and writing there would look like a success;
 * `>/dev/null` opens it for writing alone. Who starts programs with such a stdout on purpose
 * cannot be told apart, and will not miss the output.
 *
 * @throws CourierError LOCAL
 */
export function requireOutput(descriptor: number): void {
  if (fstatSync(descriptor).rdev !== nullDevice || !isForBoth(descriptor)) return;
  const why = 'it is closed, or the null device opened for reading as well';
  throw new CourierError('LOCAL', `writing to stdout: ${why}; to throw output away, >/dev/null`);
}

/** What cannot be known is no reason to refuse. */
function isForBoth(descriptor: number): boolean {
  try {
    const about = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1');
    const flags = Number.parseInt(/^flags:\s*([0-7]+)$/m.exec(about)?.[1] ?? '0', 8);
    return (flags & accessMode) === constants.O_RDWR;
  } catch {
    return false;
  }
}

/**
 * Reads to the end of file.
 *
 * @throws CourierError TOO_LARGE past `maxBytes`; LOCAL
 */
export async function readDescriptor(descriptor: number, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    const chunk = await readSome(descriptor);
    if (chunk === undefined) continue;
    if (chunk.length === 0) return Buffer.concat(chunks, total);
    total += chunk.length;
    if (total > maxBytes) {
      throw new CourierError('TOO_LARGE', `stdin holds more than the allowed ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
}

/** Undefined: nothing there yet. */
async function readSome(descriptor: number): Promise<Buffer | undefined> {
  const result = await new Promise<Buffer | Error>((resolve) => {
    const chunk = Buffer.allocUnsafe(256 * 1024);
    read(descriptor, chunk, 0, chunk.length, null, (error, length) =>
      resolve(error ?? chunk.subarray(0, length)),
    );
  });
  if (!(result instanceof Error)) return result;
  await retryOrThrow(result, 'reading stdin');
  return undefined;
}

async function retryOrThrow(error: Error, doing: string): Promise<number> {
  if (errorCode(error) !== 'EAGAIN') throw asCourierError(error, doing);
  await new Promise((resolve) => setTimeout(resolve, retryDelayMs));
  return 0;
}

/** Writes what can be written at once: a log line is not worth waiting or dying for. */
export function writeErrorText(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // Nobody reads stderr, or its pipe is full: there is no place left to say so.
  }
}
