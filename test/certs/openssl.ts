/** Keys, signing requests and certificates by the openssl program: another author's than ours. */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Runs it in a directory; what it says on stderr is shown when it fails. */
export function runOpenssl(directory: string, args: readonly string[]): string {
  return execFileSync('openssl', args, {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
  }).toString();
}

/** Arguments of `openssl genpkey` for a kind of key. */
const keyKinds = {
  'RSA 1024': ['RSA', '-pkeyopt', 'rsa_keygen_bits:1024'],
  'RSA 2048': ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  'RSA 4096': ['RSA', '-pkeyopt', 'rsa_keygen_bits:4096'],
  'RSA-PSS': ['RSA-PSS', '-pkeyopt', 'rsa_keygen_bits:2048'],
  'EC P-256': ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  'EC secp256k1': ['EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1'],
  Ed25519: ['ED25519'],
} as const satisfies Record<string, readonly string[]>;

export type KeyKind = keyof typeof keyKinds;

/** The name of a file with a new key, made once a directory and kind. */
export function makeKey(directory: string, kind: KeyKind): string {
  const file = `${kind.replaceAll(' ', '-')}.key`;
  try {
    readFileSync(join(directory, file));
  } catch {
    runOpenssl(directory, ['genpkey', '-algorithm', ...keyKinds[kind], '-out', file]);
  }
  return file;
}

interface WantedRequest {
  readonly kind?: KeyKind;
  /** Such as `/CN=…`; a part after another. */
  readonly subject: string;
  /** More arguments of `openssl req`. */
  readonly more?: readonly string[];
}

/** A signing request in PEM. */
export function makeRequest(
  directory: string,
  { kind = 'RSA 2048', subject, more = [] }: WantedRequest,
): string {
  const key = makeKey(directory, kind);
  return runOpenssl(directory, [
    'req',
    '-new',
    '-sha256',
    '-utf8',
    '-key',
    key,
    '-subj',
    subject,
    ...more,
  ]);
}

/** Whether `openssl verify` accepts a certificate below an authority; its words when not. */
export function verifyChain(
  directory: string,
  pems: { readonly ca: string; readonly leaf: string },
  more: readonly string[] = [],
): string {
  writeFileSync(join(directory, 'verify-ca.pem'), pems.ca);
  writeFileSync(join(directory, 'verify-leaf.pem'), pems.leaf);
  const files = ['-CAfile', 'verify-ca.pem', 'verify-leaf.pem'];
  try {
    return runOpenssl(directory, ['verify', ...more, ...files]);
  } catch (error) {
    return String(error);
  }
}
