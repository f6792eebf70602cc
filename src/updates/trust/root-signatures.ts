/** Which signatures a root still needs, and making it the newest once it has all of them. */

import { CourierError } from '../../faults/errors.ts';
import { type Envelope, joinEnvelope, type Signature } from '../../sealing/envelope.ts';
import type { Root } from '../documents/root.ts';
import { openFirstRoot, openNextRoot } from '../documents/root-chain.ts';
import { findSigners } from '../documents/verifying.ts';
import { takeNextStampKey } from '../keys/stamp-key.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { keepRoot, newestRootVersion, readRootFile } from '../repository/root-files.ts';
import { type Draft, removeDraft, writeDraft } from './draft.ts';

/** How many signatures a draft has of those that it needs. */
export interface Missing {
  /** Of the keys of which root: the one before, or the new one itself. */
  readonly version: number;
  readonly signed: number;
  readonly needed: number;
  /** Ids of keys that could sign and have not. */
  readonly could: readonly string[];
}

/** The root that a draft follows; undefined for the first one. */
export async function rootBefore(places: UpdatePlaces): Promise<Root | undefined> {
  return (await readRootFile(places, await newestRootVersion(places)))?.root;
}

/** Empty once a draft may become a root. */
export async function findMissing(
  { root, envelope }: Draft,
  before: Root | undefined,
): Promise<readonly Missing[]> {
  const asked = before === undefined ? [root] : [before, root];
  const counts = await Promise.all(
    asked.map(async ({ version, keys, thresholds }) => {
      const signers = await findSigners(envelope, { keys }, 'root');
      const could = keys.filter(({ id, roles }) => roles.includes('root') && !signers.has(id));
      return {
        version,
        signed: signers.size,
        needed: thresholds.root,
        could: could.map(({ id }) => id),
      };
    }),
  );
  return counts.filter(({ signed, needed }) => signed < needed);
}

/** Signatures of both, each key once. */
export function mergeSignatures(
  one: readonly Signature[],
  other: readonly Signature[],
): readonly Signature[] {
  const known = new Set(one.map(({ id }) => id));
  return [...one, ...other.filter(({ id }) => !known.has(id))];
}

/**
 * Makes a draft the newest root if it has all signatures, else keeps it as the draft. Call it
 * inside of `changeState`.
 *
 * @returns what is missing; empty when it is the newest root now
 * @throws CourierError CONFIG; LOCAL
 */
export async function settleDraft(places: UpdatePlaces, draft: Draft): Promise<readonly Missing[]> {
  const before = await rootBefore(places);
  const expected = (before?.version ?? 0) + 1;
  if (draft.root.version !== expected) {
    const why = `root ${expected} is the next one, not ${draft.root.version}`;
    throw new CourierError('CONFIG', `the draft cannot become a root: ${why}`);
  }
  const missing = await findMissing(draft, before);
  if (missing.length > 0) {
    await writeDraft(places, draft.envelope);
    return missing;
  }
  const envelope = await withoutForeign(draft, before);
  const bytes = joinEnvelope(envelope);
  const root =
    before === undefined ? await openFirstRoot(bytes) : await openNextRoot(bytes, before);
  await keepRoot(places, { root, bytes });
  await removeDraft(places);
  await takeNextStampKey(places, root);
  return [];
}

/** Only signatures that count: nothing else is to travel to hosts for ever. */
async function withoutForeign(
  { root, envelope }: Draft,
  before: Root | undefined,
): Promise<Envelope> {
  const keys = [...root.keys, ...(before?.keys ?? [])];
  const signers = await findSigners(envelope, { keys }, 'root');
  const signatures = envelope.signatures.filter(({ id }) => signers.has(id));
  return { payload: envelope.payload, signatures };
}
