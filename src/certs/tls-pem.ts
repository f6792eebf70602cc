/** Files in PEM that are handed to node:tls: what they must hold. */

import { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { readWholeFile } from '../files/file-calls.ts';

/** The labels that OpenSSL takes for each, as a pattern. */
const labels = {
  certificate: 'CERTIFICATE',
  authority: '(?:TRUSTED |X509 )?CERTIFICATE',
  'private key': '(?:[A-Z]+ )*PRIVATE KEY',
} as const;

type PemKind = keyof typeof labels;

/**
 * Refuses a text that does not hold what is wanted.
 *
 * @param doing for the message, such as `reading --cert /etc/cert.pem`
 * @throws CourierError CONFIG
 */
export function requirePem(text: string, kind: PemKind, doing: string): void {
  if (new RegExp(`^-----BEGIN ${labels[kind]}-----`, 'm').test(text)) return;
  const wanted = kind === 'authority' ? 'certificate' : kind;
  throw new CourierError('CONFIG', `${doing}: no ${wanted} in PEM found`);
}

/**
 * Reads a file that everybody may read.
 *
 * @param doing as for {@link requirePem}
 * @throws CourierError LOCAL when it cannot be read, CONFIG when it does not hold what is wanted
 */
export async function readPemFile(path: string, kind: PemKind, doing: string): Promise<Buffer> {
  const bytes = await readWholeFile(path).catch((error: unknown) => {
    throw asCourierError(error, doing);
  });
  requirePem(bytes.toString('latin1'), kind, doing);
  return bytes;
}
