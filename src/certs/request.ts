/** Signing requests (PKCS#10, RFC 2986) as hosts send them (agent-receiver.md#signing-requests). */

import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { CourierError, prefixError, quote } from '../faults/errors.ts';
import { bitsOf, childAt, childrenOf, type DerElement, readDer, tags, toOid } from './der.ts';
import { isHostUuid } from './dns-name.ts';
import { readPemBlocks } from './pem.ts';
import { commonNamesOf } from './x509.ts';

const verifyNatively = promisify(verify);

/** A signing request that was checked: whoever sent it holds the key. */
export interface SigningRequest {
  /** Its only common name: a version 4 UUID, lower case. */
  readonly uuid: string;
  /** SubjectPublicKeyInfo, DER, byte by byte as it stands in the request. */
  readonly publicKey: Buffer;
  /** For people and logs: `RSA 2048`, `EC prime256v1`. */
  readonly keyType: string;
}

/** Several times what one with a key of 8192 bits takes. */
export const longestPem = 32 * 1024;

/**
 * Reads a signing request and verifies its signature, outside of the main thread. Nothing of it
 * but uuid and key is taken over; extensions it asks for are left out.
 *
 * @throws CourierError MALFORMED with a sentence
 */
export function readSigningRequest(pem: string): Promise<SigningRequest> {
  return inWords(async () => {
    const parts = readRequest(pem);
    const uuid = checkSubject(parts.subject);
    return { uuid, ...(await checkOwnKey(parts)) };
  });
}

/**
 * The same whatever the request calls itself, where the name is given by us.
 *
 * @throws CourierError MALFORMED with a sentence
 */
export function readRequestedKey(pem: string): Promise<Omit<SigningRequest, 'uuid'>> {
  return inWords(() => checkOwnKey(readRequest(pem)));
}

async function inWords<Result>(read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof CourierError) throw prefixError(error, 'the signing request');
    throw new CourierError('MALFORMED', 'the signing request: damaged', { cause: error });
  }
}

/** The parts of a request. */
interface Parts {
  /** What is signed. */
  readonly info: Buffer;
  readonly subject: DerElement;
  readonly publicKey: Buffer;
  readonly algorithm: string;
  readonly signature: Buffer;
}

function readRequest(pem: string): Parts {
  if (pem.length > longestPem) throw malformed('longer than it can be');
  const [block, second] = readPemBlocks(pem);
  if (block === undefined) throw malformed('not in PEM');
  if (second !== undefined) throw malformed('followed by another block of PEM');
  if (!/^(NEW )?CERTIFICATE REQUEST$/.test(block.label)) {
    throw malformed(`${quote(block.label)} in place of "CERTIFICATE REQUEST"`);
  }
  const request = readDer(block.der, tags.sequence);
  const info = childAt(request, 0, tags.sequence);
  const [, , signature, more] = childrenOf(request);
  if (signature === undefined || more !== undefined) throw malformed('not of three parts');
  return {
    info: info.bytes,
    // In front of it stands the version, which early hosts got wrong.
    subject: childAt(info, 1, tags.sequence),
    publicKey: childAt(info, 2, tags.sequence).bytes,
    algorithm: readAlgorithm(childAt(request, 1, tags.sequence)),
    signature: bitsOf(signature),
  };
}

/** What is understood here has no parameters, or NULL in their place. */
function readAlgorithm(identifier: DerElement): string {
  const [, ...parameters] = childrenOf(identifier);
  const oid = toOid(childAt(identifier, 0, tags.oid));
  const isPlain = parameters.every(({ bytes }) => bytes.toString('hex') === '0500');
  return isPlain ? oid : `${oid} with parameters`;
}

async function checkOwnKey(parts: Parts): Promise<Omit<SigningRequest, 'uuid'>> {
  const key = readKey(parts.publicKey);
  const keyType = checkKey(key);
  const signed = signatures[parts.algorithm];
  if (signed === undefined || signed.key !== key.asymmetricKeyType) {
    const wanted = 'RSA (PKCS #1 v1.5) and ECDSA with SHA-256, SHA-384 or SHA-512';
    throw malformed(`signed by algorithm ${parts.algorithm}; understood are ${wanted}`);
  }
  if (!(await verifyNatively(signed.hash, parts.info, key, parts.signature))) {
    throw malformed('not signed with its own key');
  }
  return { publicKey: parts.publicKey, keyType };
}

function checkSubject(subject: DerElement): string {
  const names = commonNamesOf(subject);
  const [name, second] = names;
  if (name === undefined) throw malformed('no common name');
  if (second !== undefined) throw malformed(`${names.length} common names, not one`);
  if (isHostUuid(name)) return name;
  throw malformed(`its common name must be a version 4 UUID in lower case, not ${quote(name)}`);
}

function readKey(der: Buffer): KeyObject {
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch (error) {
    throw malformed('a public key that cannot be read', error);
  }
}

const curves = ['prime256v1', 'secp384r1', 'secp521r1'];

function checkKey({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string {
  const { modulusLength = 0, namedCurve = '' } = details ?? {};
  if (type === 'rsa') {
    if (modulusLength >= 2048 && modulusLength <= 8192) return `RSA ${modulusLength}`;
    throw malformed(`an RSA key of ${modulusLength} bits; allowed are 2048 to 8192`);
  }
  if (type === 'ec' && curves.includes(namedCurve)) return `EC ${namedCurve}`;
  const what = `${type} ${namedCurve}`.trimEnd();
  throw malformed(`a key of type ${what}; understood are RSA, and EC on a NIST curve`);
}

/** Signature algorithms by their object identifiers (RFC 4055, RFC 5758). */
const signatures: Readonly<Record<string, { readonly key: 'rsa' | 'ec'; readonly hash: string }>> =
  {
    '1.2.840.113549.1.1.11': { key: 'rsa', hash: 'sha256' },
    '1.2.840.113549.1.1.12': { key: 'rsa', hash: 'sha384' },
    '1.2.840.113549.1.1.13': { key: 'rsa', hash: 'sha512' },
    '1.2.840.10045.4.3.2': { key: 'ec', hash: 'sha256' },
    '1.2.840.10045.4.3.3': { key: 'ec', hash: 'sha384' },
    '1.2.840.10045.4.3.4': { key: 'ec', hash: 'sha512' },
  };

function malformed(why: string, cause?: unknown): CourierError {
  return new CourierError('MALFORMED', why, { cause });
}
