/** Agent output as it was dropped or sent → agent output as the agent wrote it. */

import { CourierError } from '../faults/errors.ts';
import { isSealed } from '../sealing/first-bytes.ts';
import type { Secret } from '../secrets/secrets.ts';
import { decompress, type OutputLimit } from './decompress.ts';
import { recogniseCompression, recogniseForeign } from './first-bytes.ts';
import { decryptSymmetric, hasUnmarkedSalt, symmetricScheme } from './symmetric.ts';

/** Each layer may be a decompression bomb; nobody packs more often than this by accident. */
const mostLayers = 3;

/** Something odd about a layer that is no reason to refuse it. */
export type WrappingRemark = 'unmarked-salt';

/** Takes one layer off. */
type Undo = (bytes: Buffer) => Promise<Buffer>;

/** The layers that can be undone besides compression. */
export interface Means {
  readonly passphrase?: Secret | undefined;
  /** Opens a sealed drop, which nothing but compression may be around. */
  readonly openSeal?: Undo | undefined;
  /** Leaves a sealed drop as it is, to be opened later. */
  readonly keepsSeal?: boolean | undefined;
  /** Called for anything odd. */
  readonly tell?: ((remark: WrappingRemark) => void) | undefined;
}

/**
 * Undoes the compression, a seal and, with a passphrase, the symmetric encryption that show in the
 * first bytes, at most three layers of all. Bytes in no such layer come back as they are, not copied.
 *
 * @throws CourierError TOO_LARGE; MALFORMED, also when they are an archive or the like, which it
 * names; REFUSED when the passphrase is wrong; LOCAL when a program of the system is missing;
 * whatever opening a seal throws
 */
export async function unwrap(
  bytes: Buffer,
  limit: OutputLimit,
  means: Means = {},
): Promise<Buffer> {
  const { passphrase, tell } = means;
  let current = bytes;
  let { openSeal } = means;
  for (let layers = 0; ; layers += 1) {
    const undo = findUndo(current, limit, { passphrase, openSeal });
    if (undo === undefined) {
      return means.keepsSeal && isSealed(current)
        ? current
        : requireOurs(current, means.openSeal !== undefined);
    }
    if (layers === mostLayers) {
      throw new CourierError('MALFORMED', `compressed or encrypted more than ${mostLayers} times`);
    }
    if (passphrase !== undefined && hasUnmarkedSalt(current)) tell?.('unmarked-salt');
    const isCompression = recogniseCompression(current) !== undefined;
    current = await undo(current);
    if (!isCompression) openSeal = undefined;
  }
}

/** @throws CourierError MALFORMED naming what it is, where that is known */
function requireOurs(bytes: Buffer, opensSeals: boolean): Buffer {
  if (isSealed(bytes)) {
    const hint = opensSeals ? '' : '; `cmk-courier seals open` looks into it';
    throw new CourierError('MALFORMED', `this is a signed document where output should be${hint}`);
  }
  const foreign = recogniseForeign(bytes);
  if (foreign === undefined) return bytes;
  throw new CourierError('MALFORMED', `this is ${foreign}, not agent output`);
}

function findUndo(
  bytes: Buffer,
  limit: OutputLimit,
  { passphrase, openSeal }: Means,
): Undo | undefined {
  const compression = recogniseCompression(bytes);
  if (compression !== undefined) return (packed) => decompress(packed, compression, limit);
  if (openSeal !== undefined && isSealed(bytes)) return openSeal;
  if (passphrase === undefined || symmetricScheme(bytes) === undefined) return undefined;
  return (message) => decryptSymmetric(message, passphrase, isCompressed);
}

function isCompressed(bytes: Buffer): boolean {
  return recogniseCompression(bytes) !== undefined;
}
