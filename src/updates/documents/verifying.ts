/** Whether enough keys have signed a document; only then is anything of it read. */

import { CourierError } from '../../faults/errors.ts';
import { type Envelope, splitEnvelope } from '../../sealing/envelope.ts';
import { keyVerifier, type Verifier } from '../../sealing/keys.ts';
import type { KeyRole, Root, TrustedKey } from './root.ts';

export type DocumentKind = 'root' | 'target' | 'stamp';

/** Bytes of a whole file, signatures included. */
const mostDocumentBytes = {
  root: 64 * 1024,
  target: 16 * 1024,
  stamp: 8 * 1024,
} as const satisfies Record<DocumentKind, number>;

/** Which role signs which document. */
const roleFor = {
  root: 'root',
  target: 'release',
  stamp: 'stamp',
} as const satisfies Record<DocumentKind, KeyRole>;

/**
 * Takes a document apart without believing it.
 *
 * @throws CourierError TOO_LARGE; MALFORMED
 */
export function splitDocument(bytes: Buffer, kind: DocumentKind): Envelope {
  const most = mostDocumentBytes[kind];
  if (bytes.length > most) {
    const limit = `a ${kind} has at most ${most}`;
    throw new CourierError('TOO_LARGE', `a ${kind} of ${bytes.length} bytes; ${limit}`);
  }
  return splitEnvelope(bytes, ['key']);
}

/**
 * Ids of the keys that hold the role in `root` and have signed. A signature of an unknown key, or
 * one that is wrong, counts for nothing, and a key counts once.
 */
export async function findSigners(
  { payload, signatures }: Envelope,
  { keys }: Pick<Root, 'keys'>,
  role: KeyRole,
): Promise<ReadonlySet<string>> {
  const signers = new Set<string>();
  for (const key of keys.filter(({ roles }) => roles.includes(role))) {
    const { id } = key;
    const own = signatures.filter((signature) => signature.id === id);
    if (own.length === 0) continue;
    const verifier = await verifierOf(key);
    if (own.some(({ bytes }) => verifier.verify(payload, bytes))) signers.add(id);
  }
  return signers;
}

/** Reading a key takes longer than using it once. */
const verifiers = new WeakMap<TrustedKey, Promise<Verifier>>();

function verifierOf(key: TrustedKey): Promise<Verifier> {
  const known = verifiers.get(key);
  if (known !== undefined) return known;
  const verifier = keyVerifier(key.der);
  verifiers.set(key, verifier);
  return verifier;
}

/**
 * The payload of a document that enough keys of `root` have signed.
 *
 * @throws CourierError TOO_LARGE; MALFORMED; REFUSED when too few have signed
 */
export async function openDocument(
  bytes: Buffer,
  kind: DocumentKind,
  root: Pick<Root, 'keys' | 'thresholds'>,
): Promise<Buffer> {
  const envelope = splitDocument(bytes, kind);
  await requireSigned(envelope, kind, root);
  return envelope.payload;
}

/** @throws CourierError REFUSED when too few have signed */
export async function requireSigned(
  envelope: Envelope,
  kind: DocumentKind,
  root: Pick<Root, 'keys' | 'thresholds'>,
): Promise<void> {
  const role = roleFor[kind];
  const { size } = await findSigners(envelope, root, role);
  const wanted = root.thresholds[role];
  if (size >= wanted) return;
  const are = `${size} trusted ${size === 1 ? 'key has' : 'keys have'} signed it`;
  throw new CourierError('REFUSED', `a ${kind} that is not to be believed: ${are}, not ${wanted}`);
}
