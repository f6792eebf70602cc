/** The certificate that shows the peer who we are, with its private key. */

import { requirePem } from '../certs/tls-pem.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { readWholeFile } from '../files/file-calls.ts';
import { readSecret } from '../secrets/secret-options.ts';
import {
  readPrivateFile,
  readSecretFile,
  type Secret,
  type SecretContext,
} from '../secrets/secrets.ts';
import type { TlsOptions } from './tls-options.ts';

/** Certificates up to their root and a key have a few dozen kB. */
const largestBytes = 1024 * 1024;

export interface ClientCertificate {
  /** PEM: the certificate, and behind it those that lead to its authority. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  readonly passphrase: Secret | undefined;
}

/**
 * Reads `--cert` and `--key`. PKCS#12 is recognised by its content.
 *
 * @throws CourierError LOCAL when a file cannot be read, CONFIG when it is not what it should be or the
 * password store does not have the passphrase
 */
export async function readClientCertificate(
  options: TlsOptions,
  context: SecretContext,
): Promise<ClientCertificate | undefined> {
  const { cert, key } = options;
  if (cert === undefined) return undefined;
  const passphrase = await readSecret(options, 'keyPassword', context);
  const bytes = await readCertificate(cert, key === undefined, context);
  if (isDer(bytes)) return unpack(bytes, { cert, key }, passphrase);
  const pem = bytes.toString('latin1');
  requirePem(pem, 'certificate', `reading --cert ${cert}`);
  const keyPem =
    key === undefined ? pem : (await readSecretFile(key, '--key', context.log)).reveal();
  requirePem(
    keyPem,
    'private key',
    key === undefined
      ? `reading --cert ${cert}, which must hold the private key when there is no --key`
      : `reading --key ${key}`,
  );
  return { cert: pem, key: keyPem, passphrase };
}

/** A file with the private key in it is as secret as the key alone. */
async function readCertificate(
  path: string,
  hasKey: boolean,
  { log }: SecretContext,
): Promise<Buffer> {
  const doing = `reading --cert ${path}`;
  if (hasKey) return readPrivateFile(path, { doing, log, largestBytes });
  return readWholeFile(path).catch((error: unknown) => {
    throw asCourierError(error, doing);
  });
}

/** Whether it is PKCS#12, which begins as a DER sequence; PEM is text and cannot begin so. */
function isDer(bytes: Buffer): boolean {
  return bytes[0] === 0x30 && (bytes[1] ?? 0) >= 0x80;
}

/** node-forge is loaded only here; it also reads what OpenSSL 3 calls legacy. */
async function unpack(
  bytes: Buffer,
  paths: { readonly cert: string; readonly key: string | undefined },
  passphrase: Secret | undefined,
): Promise<ClientCertificate> {
  if (paths.key !== undefined) {
    throw new CourierError('USAGE', '--cert is PKCS#12, which holds its key; leave --key out');
  }
  const { unpackPkcs12 } = await import('./pkcs12.ts');
  return { ...unpackPkcs12(bytes, paths.cert, passphrase), passphrase: undefined };
}
