/** Opening a sealed drop, in the only order there is: take apart → verify → read → decrypt. */

import { CourierError } from '../faults/errors.ts';
import { type DropHeader, readHeader, requireBody, splitDrop } from './drop.ts';
import { decryptBody, type SiteKey } from './encryption.ts';
import type { Signature } from './envelope.ts';
import { findSigner, fingerprintOf, type Verifier } from './keys.ts';

/** A drop whose signature is right, and whose body has not been looked at. */
export interface VerifiedDrop<Known extends Verifier = Verifier> {
  readonly header: DropHeader;
  readonly signer: Known;
  readonly body: Buffer;
}

/**
 * Verifies the signature, then reads the header it covers.
 *
 * @param verifiers of the host that the drop has to be from, and of nobody else
 * @throws CourierError MALFORMED; REFUSED when another key signed it, or none
 */
export function verifyDrop<Known extends Verifier>(
  bytes: Buffer,
  verifiers: readonly Known[],
): VerifiedDrop<Known> {
  const { payload, signature, body } = splitDrop(bytes);
  const signer = findSigner(payload, signature, verifiers);
  if (signer === 'unknown') {
    throw new CourierError(
      'REFUSED',
      `sealed with ${nameSigner(signature)}, which is not enrolled`,
    );
  }
  if (signer === 'wrong') {
    const why = 'it was changed, or somebody else sealed it';
    throw new CourierError('REFUSED', `the seal is not that of ${nameSigner(signature)}: ${why}`);
  }
  return { header: readHeader(payload), signer, body };
}

/** As people compare it. */
export function nameSigner({ kind, id }: Pick<Signature, 'kind' | 'id'>): string {
  return `the ${kind === 'key' ? 'key' : 'shared secret'} ${fingerprintOf(id)}`;
}

/**
 * What was sealed: still compressed as the header says.
 *
 * @param siteKeys asked for only where the body is encrypted
 * @throws CourierError MALFORMED when the body is not the one that was signed; REFUSED when it
 * cannot be decrypted
 */
export async function openBody(
  { header, body }: VerifiedDrop,
  siteKeys: () => Promise<readonly SiteKey[]>,
): Promise<Buffer> {
  await requireBody(body, header);
  return header.wrappedKeys.length === 0 ? body : decryptBody(body, header, await siteKeys());
}
