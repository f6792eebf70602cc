/** A sealed drop as a layer around agent output. */

import type { SiteKey } from '../sealing/encryption.ts';
import type { Verifier } from '../sealing/keys.ts';
import { openBody, type VerifiedDrop, verifyDrop } from '../sealing/opening.ts';
import { decompress, type OutputLimit } from './decompress.ts';

/** How it is decided whether a drop is believed. */
export interface SealTrust<Known extends Verifier> {
  /** The keys of the host that the drop must be from. */
  readonly verifiers: readonly Known[];
  /** Throws when a drop is not to be believed although its signature is right. */
  readonly judge: (drop: VerifiedDrop<Known>) => void;
  readonly siteKeys: () => Promise<readonly SiteKey[]>;
}

/**
 * Opens a drop: signature, judgement, body, then the compression its header names.
 *
 * @throws CourierError MALFORMED, REFUSED, TOO_LARGE; whatever the judgement throws
 */
export async function openSeal<Known extends Verifier>(
  bytes: Buffer,
  trust: SealTrust<Known>,
  limit: OutputLimit,
): Promise<Buffer> {
  const drop = verifyDrop(bytes, trust.verifiers);
  trust.judge(drop);
  const body = await openBody(drop, trust.siteKeys);
  const { contentEncoding } = drop.header;
  return contentEncoding === 'identity' ? body : decompress(body, contentEncoding, limit);
}
