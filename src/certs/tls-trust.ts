/** Which certificate authorities are trusted. */

import { join } from 'node:path';
import { errorCode } from '../faults/system-errors.ts';
import { readWholeFile } from '../files/file-calls.ts';
import type { SecretContext } from '../secrets/secrets.ts';
import { requireTrusted } from '../system/trusted-path.ts';
import { readPemFile } from './tls-pem.ts';

/**
 * Where distributions keep the system's authorities in one file, as Go looks for them
 * (crypto/x509/root_linux.go). Node can read the system's store itself, but takes 60 to 110 ms
 * for what takes 6 ms from one file.
 */
const systemBundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** PEM texts, as node:tls takes them. */
type Authorities = readonly (string | Buffer)[];

/**
 * The authorities in `ca` alone; without it those of the system and, on a Checkmk site, those
 * trusted in Setup (checkmk-site.md#trusted-authorities).
 *
 * @throws CourierError LOCAL when a file that is named cannot be read, CONFIG when it holds no
 * certificate
 */
export async function readAuthorities(
  ca: string | undefined,
  context: SecretContext,
): Promise<Authorities> {
  if (ca !== undefined) return [await readNamedFile('--ca', ca)];
  const [system, site] = await Promise.all([readSystem(context), readSite(context)]);
  return [...system, ...site];
}

/** @param by what names the file, for messages */
async function readNamedFile(by: string, path: string): Promise<Buffer> {
  await requireTrusted(path);
  return readPemFile(path, 'authority', `reading ${by} ${path}`);
}

/** `SSL_CERT_FILE` is OpenSSL's variable for the same purpose. */
async function readSystem({ env, log }: SecretContext): Promise<Authorities> {
  const named = env['SSL_CERT_FILE'];
  // Whoever names a file wants that one trusted and no other, also when the name is mistyped.
  if (named) return [await readNamedFile('SSL_CERT_FILE', named)];
  for (const path of systemBundles) {
    const bytes = await readIfThere(path);
    if (bytes !== undefined) return [bytes];
  }
  const { getCACertificates } = await import('node:tls');
  const store = getCACertificates('system');
  if (store.length > 0) return store;
  log.debug({}, 'no certificate authorities on this system; trusting those Node brings along');
  return getCACertificates('bundled');
}

async function readSite({ env, log }: SecretContext): Promise<Authorities> {
  const root = env['OMD_ROOT'];
  if (!root) return [];
  const path = join(root, 'var/ssl/ca-certificates.crt');
  try {
    return [await readWholeFile(path)];
  } catch (error) {
    // A site without the file trusts the system; anything else is worth knowing.
    if (errorCode(error) !== 'ENOENT') {
      log.warn({ file: path, code: errorCode(error) }, "the site's authorities cannot be read");
    }
    return [];
  }
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readWholeFile(path);
  } catch {
    return undefined;
  }
}
