/** What becomes of the drops in test/fixtures/sealing/. */

import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asCourierError } from '../../src/faults/system-errors.ts';
import { keyVerifier, readPublicKey, secretVerifier } from '../../src/sealing/keys.ts';
import { openBody, verifyDrop } from '../../src/sealing/opening.ts';

export const vectors = 'test/fixtures/sealing';

export function readVector(name: string): Buffer {
  return readFileSync(join(vectors, name));
}

/** `opens to …` with the bytes in Base64, or the fault: what verdicts.json has for each drop. */
export async function outcomeOf(bytes: Buffer): Promise<string> {
  const secret = readVector('secret').toString().trim();
  const verifiers = [await keyVerifier(readVector('host.pub')), await secretVerifier(secret)];
  const { id } = await readPublicKey(readVector('site.pub'));
  const key = createPrivateKey(readVector('site.key'));
  try {
    const drop = verifyDrop(bytes, verifiers);
    const body = await openBody(drop, async () => [{ id, key }]);
    const { host, produced, contentEncoding } = drop.header;
    return `opens: ${host} ${produced} ${contentEncoding} ${body.toString('base64')}`;
  } catch (error) {
    const { code, message } = asCourierError(error, 'opening');
    return `${code}: ${message}`;
  }
}
