/**
 * A private key as other programs export it: PEM, with a passphrase or without. Checkmk's own puts
 * the certificate of the key behind it.
 */

import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { CommandContext } from '../../cli/command.ts';
import { askHidden } from '../../cli/hidden-line.ts';
import { CourierError, prefixError } from '../../faults/errors.ts';
import { errorCode } from '../../faults/system-errors.ts';
import { readPublicKey } from '../../sealing/keys.ts';
import { readSecretFile, Secret } from '../../secrets/secrets.ts';
import { fewestLegacyBits, type KeyPair } from './key-pair.ts';

/**
 * The key pair of a file: one private key, and beside it at most the certificate of that key.
 *
 * @param passphraseFile with its passphrase, which is asked on the terminal otherwise
 * @throws CourierError REFUSED for a wrong passphrase, or a key that is too weak or not RSA; CONFIG
 * for anything else than one key; USAGE without a terminal to ask on; LOCAL
 */
export async function readPemFile(
  path: string,
  passphraseFile: string | undefined,
  context: CommandContext,
): Promise<KeyPair> {
  const pem = await readSecretFile(path, 'the key', context.log);
  const { privateKey, certificate } = takeApart(pem.reveal(), path);
  const passphrase = encryptedText.test(privateKey)
    ? await askPassphrase(path, passphraseFile, context)
    : undefined;
  const key = openKey(privateKey, passphrase, path);
  requireOwn(certificate, key, path);
  const der = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const found = await readPublicKey(der, fewestLegacyBits).catch((error: unknown) => {
    throw error instanceof CourierError ? prefixError(error, path) : error;
  });
  return { ...found, key };
}

const encryptedText = /^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;

interface Parts {
  readonly privateKey: string;
  readonly certificate: X509Certificate | undefined;
}

/** All that can be told apart without the passphrase, so that it is not asked for in vain. */
function takeApart(text: string, path: string): Parts {
  const blocks = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g)];
  if (blocks.length !== text.split('-----BEGIN ').length - 1) {
    throw new CourierError('CONFIG', `${path} is cut off or damaged`);
  }
  const of = (kind: RegExp) =>
    blocks.filter(([, name = '']) => kind.test(name)).map(([block]) => block);
  const [privateKey, ...otherKeys] = of(/PRIVATE KEY$/);
  const [certificate, ...otherCertificates] = of(/CERTIFICATE$/);
  if (privateKey === undefined) {
    throw new CourierError('CONFIG', `${path} holds no private key in PEM`);
  }
  if (otherKeys.length > 0) {
    const found = `${path} holds ${otherKeys.length + 1} private keys`;
    throw new CourierError('CONFIG', `${found}; put each into a file of its own`);
  }
  if (otherCertificates.length > 0) {
    const found = `${path} holds ${otherCertificates.length + 1} certificates`;
    throw new CourierError('CONFIG', `${found}; only that of the key may stand beside it`);
  }
  return { privateKey, certificate: readCertificate(certificate, path) };
}

function readCertificate(pem: string | undefined, path: string): X509Certificate | undefined {
  if (pem === undefined) return undefined;
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new CourierError('CONFIG', `the certificate in ${path} is damaged`, { cause: error });
  }
}

/** When it ends does not matter: it says whose key this is, and is not kept. */
function requireOwn(certificate: X509Certificate | undefined, key: KeyObject, path: string): void {
  if (certificate === undefined || certificate.checkPrivateKey(key)) return;
  throw new CourierError('CONFIG', `the certificate in ${path} is of another key`);
}

function openKey(pem: string, passphrase: Secret | undefined, path: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, passphrase: passphrase?.reveal() });
  } catch (error) {
    if (passphrase === undefined) {
      throw new CourierError('CONFIG', `${path} holds no private key in PEM`);
    }
    // Not ERR_OSSL_UNSUPPORTED: a wrong passphrase gives that one in 200 times.
    if (errorCode(error) === 'ERR_OSSL_EVP_UNSUPPORTED') {
      const how = '`openssl pkey -aes256 -provider legacy -provider default` writes it anew';
      throw new CourierError(
        'CONFIG',
        `${path} has an outdated encryption (RC2, RC4, DES); ${how}`,
      );
    }
    throw new CourierError('REFUSED', `the passphrase of ${path} is wrong, or it is damaged`);
  }
}

async function askPassphrase(
  path: string,
  file: string | undefined,
  { log, shutdown }: CommandContext,
): Promise<Secret> {
  if (file !== undefined) return readSecretFile(file, '--pem-passphrase-file', log);
  const beforehand = '--pem-passphrase-file answers';
  return new Secret(await askHidden(`passphrase of ${path}: `, beforehand, shutdown));
}
