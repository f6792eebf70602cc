/** Certificates and keys in PEM files. */

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { CourierError } from '../faults/errors.ts';
import { readTextFile } from '../system/durable-files.ts';
import { type PemBlock, readPemBlocks } from './pem.ts';

export interface PemFile {
  readonly path: string;
  readonly blocks: readonly PemBlock[];
}

/**
 * @throws CourierError LOCAL when it cannot be read
 */
export async function readPemFile(path: string): Promise<PemFile> {
  return { path, blocks: readPemBlocks(await readTextFile(path)) };
}

/** A certificate and the text it stands in, alone. */
export interface CertificateBlock {
  readonly pem: string;
  readonly certificate: X509Certificate;
}

/**
 * The certificates in a file, in order, at least one.
 *
 * @throws CourierError CONFIG
 */
export function certificatesIn({
  path,
  blocks,
}: PemFile): readonly [CertificateBlock, ...CertificateBlock[]] {
  const [first, ...others] = blocks.filter(({ label }) => label === 'CERTIFICATE');
  if (first === undefined) throw new CourierError('CONFIG', `${path} holds no certificate in PEM`);
  const parse = ({ pem, der }: PemBlock) => {
    try {
      return { pem, certificate: new X509Certificate(der) };
    } catch (cause) {
      throw new CourierError('CONFIG', `${path} holds a damaged certificate`, { cause });
    }
  };
  return [parse(first), ...others.map(parse)];
}

/**
 * The key in a file, which has to be that of the certificate.
 *
 * @throws CourierError CONFIG
 */
export function keyIn(
  { path, blocks }: PemFile,
  { certificate }: CertificateBlock,
): { readonly pem: string; readonly key: KeyObject } {
  const block = blocks.find(({ label }) => label.endsWith('PRIVATE KEY'));
  if (block === undefined) throw new CourierError('CONFIG', `${path} holds no private key in PEM`);
  const key = parseKey(block.pem, path);
  if (certificate.checkPrivateKey(key)) return { pem: block.pem, key };
  const whose = certificate.subject.replaceAll('\n', ', ');
  throw new CourierError('CONFIG', `the key in ${path} is not that of the certificate of ${whose}`);
}

function parseKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    const why = 'is damaged or locked with a passphrase';
    throw new CourierError('CONFIG', `the private key in ${path} ${why}`, { cause });
  }
}
