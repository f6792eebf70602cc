/** Revoking what was issued, by serial or by host. */

import { CourierError, quote } from '../faults/errors.ts';
import { files } from './directory.ts';
import { isHostUuid } from './dns-name.ts';
import { type IssuedCertificate, readIssued } from './issued.ts';
import { isSerial, Revocations, toSerial } from './revocation.ts';

export interface RevokedCertificate {
  readonly serial: string;
  readonly uuid: string;
  /** Whether it was on the list before. */
  readonly already: boolean;
}

/**
 * Denies certificates; a uuid stands for every certificate its host ever got. Nothing is revoked
 * when one of the texts means nothing.
 *
 * @param texts serials and uuids
 * @throws CourierError USAGE for a text that is neither, or that nothing was issued under; LOCAL
 */
export async function revokeCertificates(
  texts: readonly string[],
  directory: string,
  now: Date,
): Promise<readonly RevokedCertificate[]> {
  const issued = await readIssued(directory);
  return denyAll(new Set(texts.flatMap((text) => find(text, issued))), directory, now);
}

/** A host, and serials known of it that may not have been recorded. */
export interface HostCertificates {
  readonly uuid: string;
  readonly serials: readonly string[];
}

/**
 * Denies every certificate a host ever got, also one it got before it had a name.
 *
 * @throws CourierError LOCAL
 */
export async function revokeHost(
  { uuid, serials }: HostCertificates,
  directory: string,
  now: Date,
): Promise<readonly RevokedCertificate[]> {
  const issued = (await readIssued(directory)).filter((one) => one.uuid === uuid);
  const all = new Set([...issued.map(({ serial }) => serial), ...serials].map(toSerial));
  return denyAll(
    [...all].map((serial) => ({ serial, uuid })),
    directory,
    now,
  );
}

async function denyAll(
  certificates: Iterable<Pick<IssuedCertificate, 'serial' | 'uuid'>>,
  directory: string,
  now: Date,
): Promise<readonly RevokedCertificate[]> {
  const revocations = await Revocations.load(directory);
  const revoked: RevokedCertificate[] = [];
  for (const { serial, uuid } of certificates) {
    const already = revocations.has(serial);
    if (!already) await revocations.add(serial, uuid, now);
    revoked.push({ serial, uuid, already });
  }
  return revoked;
}

function find(text: string, issued: readonly IssuedCertificate[]): readonly IssuedCertificate[] {
  const isUuid = isHostUuid(text.toLowerCase());
  if (!isUuid && !isSerial(text)) {
    throw new CourierError('USAGE', `${quote(text)} is neither a serial nor the uuid of a host`);
  }
  const found = issued.filter(({ serial, uuid }) =>
    isUuid ? uuid === text.toLowerCase() : serial === toSerial(text),
  );
  if (found.length > 0) return found;
  const what = isUuid ? 'the uuid' : 'the serial';
  const hint = `there is none in ${files.issued}; what it does not know, a line in ${files.revoked} denies`;
  throw new CourierError('USAGE', `no certificate with ${what} ${text}: ${hint}`);
}
