/** The certificates hosts get. */

import { CourierError } from '../faults/errors.ts';
import { loadAuthority } from './authority.ts';
import { type Contents, issueCertificate } from './issue.ts';
import { recordIssued } from './issued.ts';
import { agentProfile, writerProfile } from './profiles.ts';
import type { SigningRequest } from './request.ts';

export { readRequestedKey, readSigningRequest, type SigningRequest } from './request.ts';

/** How long a host's certificate is valid unless said otherwise, as Checkmk has it. */
export const defaultMonths = 60;

/** Hosts renew when 45 days are left, so with less they would do so every day. */
const leastMonths = 2;

/** Hosts take more than 500 years for a mistake, and renew. */
const mostMonths = 1200;

export interface SigningOptions {
  /** Calendar months from now on, 2 to 1200. */
  readonly months: number;
  readonly now: Date;
}

export interface SignedCertificate {
  /** PEM, LF line ends, one block. */
  readonly certificate: string;
  /** 32 hexadecimal digits, lower case. */
  readonly serial: string;
  readonly notAfter: Date;
}

/**
 * Signs what a host asks for, with the agent CA, and records the serial before it is given away.
 * The key of the CA is used outside of the main thread.
 *
 * @throws CourierError CONFIG when `months` is out of range or the CA is broken; LOCAL
 */
export async function signAgentCertificate(
  request: SigningRequest,
  directory: string,
  { months, now }: SigningOptions,
): Promise<SignedCertificate> {
  if (!(Number.isInteger(months) && months >= leastMonths && months <= mostMonths)) {
    const range = `${leastMonths} to ${mostMonths}`;
    throw new CourierError('CONFIG', `certificates of hosts last ${range} months, not ${months}`);
  }
  const { uuid, publicKey } = request;
  return signContents(agentProfile({ commonName: uuid, publicKey, now }, months), directory, now);
}

/**
 * The same for a writer for several hosts, whose rights lie in the state of the receiver.
 *
 * @throws CourierError CONFIG when the CA is broken; LOCAL
 */
export async function signWriterCertificate(
  { uuid, publicKey }: Pick<SigningRequest, 'uuid' | 'publicKey'>,
  directory: string,
  { notAfter, now }: { readonly notAfter: Date; readonly now: Date },
): Promise<SignedCertificate> {
  return signContents(
    writerProfile({ commonName: uuid, publicKey, now }, notAfter),
    directory,
    now,
  );
}

async function signContents(
  contents: Contents,
  directory: string,
  now: Date,
): Promise<SignedCertificate> {
  const { commonName: uuid, notAfter } = contents;
  const authority = await loadAuthority(directory, 'agent');
  const { certificate, serial } = await issueCertificate(contents, authority);
  await recordIssued(directory, { serial, uuid, issuedAt: now, notAfter });
  return { certificate, serial, notAfter };
}
