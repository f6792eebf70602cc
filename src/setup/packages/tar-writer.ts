/** Files → a tar archive of POSIX (ustar) that is the same for the same files. */

import { CourierError } from '../../faults/errors.ts';

export interface TarFile {
  /** One that ends in a slash is a directory, and has no bytes. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Unix permissions. */
  readonly mode: number;
}

const blockBytes = 512;

const fileType = '0';
const directoryType = '5';

/** GNU tar warns of files from 1970; what the time is counts for nobody. */
const madeAt = Date.UTC(1980, 0, 1) / 1000;

/**
 * Writes the files in the order given; they belong to root.
 *
 * @throws CourierError INTERNAL for a name or size that has no room in a header
 */
export function writeTar(files: readonly TarFile[]): Buffer {
  const blocks = files.flatMap(({ name, bytes, mode }) => [
    makeHeader(name, bytes.length, mode),
    bytes,
    Buffer.alloc(-bytes.length & (blockBytes - 1)),
  ]);
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]);
}

function makeHeader(path: string, size: number, mode: number): Buffer {
  const block = Buffer.alloc(blockBytes);
  const { name, prefix } = splitPath(path);
  block.write(name, 0);
  block.write(prefix, 345);
  block.write(`${toOctal(mode, 7)}\0${toOctal(0, 7)}\0${toOctal(0, 7)}\0`, 100);
  block.write(`${toOctal(size, 11)}\0${toOctal(madeAt, 11)}\0`, 124);
  block.write(path.endsWith('/') ? directoryType : fileType, 156);
  block.write('ustar\x0000', 257);
  block.write(' '.repeat(8), 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${toOctal(sum, 6)}\0 `, 148);
  return block;
}

/** A long path is split at a slash: 155 bytes ahead of it, 100 behind. */
function splitPath(path: string): { readonly name: string; readonly prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: '' };
  const slashes = [...path.matchAll(/\//g)].map(({ index }) => index);
  for (const slash of slashes) {
    const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)];
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) return { name, prefix };
  }
  throw new CourierError('INTERNAL', `too long for an archive: ${path}`);
}

function toOctal(number: number, digits: number): string {
  const text = number.toString(8).padStart(digits, '0');
  if (text.length > digits)
    throw new CourierError('INTERNAL', `too large for an archive: ${number}`);
  return text;
}
