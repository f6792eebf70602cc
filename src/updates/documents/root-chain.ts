/** From one root to the next, which the old keys and the new ones have to agree on. */

import { CourierError } from '../../faults/errors.ts';
import { type Root, readRoot } from './root.ts';
import { openDocument, requireSigned, splitDocument } from './verifying.ts';

/**
 * The first root, which is believed for where it came from: it has to be signed by its own keys.
 *
 * @throws CourierError TOO_LARGE; MALFORMED; REFUSED
 */
export async function openFirstRoot(bytes: Buffer): Promise<Root> {
  const envelope = splitDocument(bytes, 'root');
  const root = await readRoot(envelope.payload);
  await requireSigned(envelope, 'root', root);
  return root;
}

/**
 * The root behind `before`: signed by enough keys of both, and the very next version. Whether it
 * has expired is asked of the last one only.
 *
 * @throws CourierError TOO_LARGE; MALFORMED; REFUSED
 */
export async function openNextRoot(bytes: Buffer, before: Root): Promise<Root> {
  const root = await readRoot(await openDocument(bytes, 'root', before));
  await openDocument(bytes, 'root', root);
  if (root.version === before.version + 1) return root;
  const found = `root ${root.version} cannot follow root ${before.version}`;
  throw new CourierError('REFUSED', `${found}: they are to rise by one`);
}
