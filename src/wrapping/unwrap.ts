/** Agent output as it was dropped or sent → agent output as the agent wrote it. */

import { CourierError } from '../faults/errors.ts';
import type { Secret } from '../secrets/secrets.ts';
import { type Compression, decompress, type OutputLimit } from './decompress.ts';
import { decryptSymmetric, symmetricScheme } from './symmetric.ts';

/** A bomb inside a bomb costs each time; nobody packs more often by accident. */
const mostLayers = 3;

/** Takes one layer off. */
type Undo = (bytes: Buffer) => Promise<Buffer>;

/**
 * Undoes the compression and, with a passphrase, the symmetric encryption that show in the first
 * bytes, at most three layers of both. Bytes in no such layer come back as they are, not copied.
 *
 * @throws CourierError TOO_LARGE, MALFORMED; REFUSED when the passphrase is wrong
 */
export async function unwrap(
  bytes: Buffer,
  limit: OutputLimit,
  passphrase?: Secret,
): Promise<Buffer> {
  let current = bytes;
  for (let layers = 0; ; layers += 1) {
    const undo = findUndo(current, limit, passphrase);
    if (undo === undefined) return current;
    if (layers === mostLayers) {
      throw new CourierError('MALFORMED', `compressed or encrypted more than ${mostLayers} times`);
    }
    current = await undo(current);
  }
}

function findUndo(
  bytes: Buffer,
  limit: OutputLimit,
  passphrase: Secret | undefined,
): Undo | undefined {
  const compression = recognise(bytes);
  if (compression !== undefined) return (packed) => decompress(packed, compression, limit);
  if (passphrase === undefined || symmetricScheme(bytes) === undefined) return undefined;
  return (message) => decryptSymmetric(message, passphrase, isCompressed);
}

function isCompressed(bytes: Buffer): boolean {
  return recognise(bytes) !== undefined;
}

/**
 * gzip (RFC 1952), zstd (RFC 8878) and zlib with the 32 kB window everybody uses (RFC 1950).
 * No agent output begins so: its first byte is `<`, or a digit when it is encrypted.
 */
function recognise(bytes: Buffer): Compression | undefined {
  if (bytes.length < 4) return undefined;
  const start = bytes.readUInt32BE(0);
  if (start >>> 8 === 0x1f8b08) return 'gzip';
  if (start === 0x28b52ffd) return 'zstd';
  if ([0x7801, 0x785e, 0x789c, 0x78da].includes(start >>> 16)) return 'zlib';
  return undefined;
}
