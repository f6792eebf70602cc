/** The next root while signatures are missing. */

import { join } from 'node:path';
import { CourierError, prefixError } from '../../faults/errors.ts';
import { remove } from '../../files/file-calls.ts';
import { type Envelope, joinEnvelope } from '../../sealing/envelope.ts';
import { readTextFileIfThere, replaceFile } from '../../system/durable-files.ts';
import { type Root, readRoot } from '../documents/root.ts';
import { splitDocument } from '../documents/verifying.ts';
import { makePrivateDirectory } from '../repository/opening.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { newestRootVersion } from '../repository/root-files.ts';

export interface Draft {
  readonly root: Root;
  /** Without signatures at first. */
  readonly envelope: Envelope;
}

function draftPath({ roots }: Pick<UpdatePlaces, 'roots'>): string {
  return join(roots, 'draft');
}

/**
 * The draft; undefined where there is none.
 *
 * @throws CourierError CONFIG when it is damaged, or others may change it; LOCAL
 */
export async function readDraft(places: UpdatePlaces): Promise<Draft | undefined> {
  const path = draftPath(places);
  const text = await readTextFileIfThere(path);
  if (text === '') return undefined;
  try {
    const envelope = toEnvelope(Buffer.from(text, 'utf8'));
    const root = await readRoot(envelope.payload);
    // What a crash has left of one that holds by now is none any more.
    return root.version > (await newestRootVersion(places)) ? { root, envelope } : undefined;
  } catch (error) {
    if (!(error instanceof CourierError)) throw error;
    throw prefixError(new CourierError('CONFIG', error.message, { cause: error }), path);
  }
}

function toEnvelope(bytes: Buffer): Envelope {
  const isSigned = bytes.includes('\n-- signatures\n');
  return isSigned ? splitDocument(bytes, 'root') : { payload: bytes, signatures: [] };
}

/** @throws CourierError LOCAL */
export async function writeDraft(places: UpdatePlaces, envelope: Envelope): Promise<void> {
  await makePrivateDirectory(places.roots);
  const bytes = envelope.signatures.length === 0 ? envelope.payload : joinEnvelope(envelope);
  await replaceFile(draftPath(places), bytes.toString('latin1'));
}

/** Fine when it is gone already. */
export async function removeDraft(places: UpdatePlaces): Promise<void> {
  await remove(draftPath(places), { force: true });
}
