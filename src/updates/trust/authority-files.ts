/** Certificates that hosts are to trust for https. */

import { X509Certificate } from 'node:crypto';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { readWholeFile } from '../../files/file-calls.ts';

const block = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * All certificates of PEM files, in DER.
 *
 * @throws CourierError CONFIG for a file without one; LOCAL
 */
export async function readAuthorities(paths: readonly string[]): Promise<readonly Buffer[]> {
  const files = await Promise.all(paths.map(readAuthorityFile));
  return files.flat();
}

async function readAuthorityFile(path: string): Promise<readonly Buffer[]> {
  const text = await readWholeFile(path, 'utf8').catch((error: unknown) => {
    throw asCourierError(error, `reading ${path}`);
  });
  const blocks = text.match(block) ?? [];
  if (blocks.length === 0) throw new CourierError('CONFIG', `${path} holds no certificate in PEM`);
  return blocks.map((pem) => {
    try {
      return Buffer.from(new X509Certificate(pem).raw);
    } catch (error) {
      throw new CourierError('CONFIG', `${path} holds a damaged certificate`, { cause: error });
    }
  });
}
