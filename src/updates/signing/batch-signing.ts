/** Signs all documents of a batch. */

import type { Envelope } from '../../sealing/envelope.ts';
import type { Signer } from '../trust/local-signers.ts';
import { mergeSignatures } from '../trust/root-signatures.ts';
import type { Batch } from './batch.ts';
import { signBytes } from './sign-bytes.ts';

/** Signatures at once; more than there are threads for them wait all the same. */
const atOnce = 8;

/**
 * A batch with the signatures of all signers added.
 *
 * @param onProgress is called with the number of documents that are done
 */
export async function signBatch(
  batch: Batch,
  signers: readonly Signer[],
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<Batch> {
  const documents: Envelope[] = [...batch.documents];
  let next = 0;
  let done = 0;
  const work = async () => {
    for (let at = next++; at < documents.length; at = next++) {
      signal.throwIfAborted();
      const document = documents[at];
      if (document === undefined) return;
      documents[at] = await signDocument(document, signers);
      done += 1;
      onProgress(done);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return { ...batch, documents };
}

async function signDocument(document: Envelope, signers: readonly Signer[]): Promise<Envelope> {
  const fresh = signers.filter(({ id }) => !document.signatures.some((one) => one.id === id));
  const made = await Promise.all(
    fresh.map(async ({ id, key }) => {
      return { kind: 'key', id, bytes: await signBytes(document.payload, key) } as const;
    }),
  );
  return { ...document, signatures: mergeSignatures(document.signatures, made) };
}
