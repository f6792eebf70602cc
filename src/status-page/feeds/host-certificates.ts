/** Whose certificates the receiver lets in, and until when. */

import { Revocations } from '../../certs/revocation.ts';
import type { Access } from '../../receiver/state/accesses.ts';
import type { RegisteredHost } from '../../receiver/state/hosts.ts';
import type { Level, OperationsTable } from '../model.ts';

/** The newest certificate of a host, or of another writer. */
export interface HostCertificate {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly serial: string;
  readonly endsAtMs: number;
  readonly isRevoked: boolean;
  /** Whether its host renews it by itself. */
  readonly isRenewed: boolean;
}

/** Hosts renew theirs 45 days ahead: from then on one has not. */
const warnBelowDays = 30;
const badBelowDays = 7;
const dayMs = 86_400_000;

/**
 * @param directory of the certificates, where the deny list is
 * @throws CourierError LOCAL or CONFIG when that cannot be read
 */
export async function listHostCertificates(
  hosts: readonly RegisteredHost[],
  accesses: readonly Access[],
  directory: string,
): Promise<readonly HostCertificate[]> {
  const revocations = await Revocations.load(directory);
  const registered = hosts.map(({ host, certificates }) => ({
    ...{ name: host, hosts: [host], certificates, isRenewed: true },
  }));
  const others = accesses.map(({ name, id, hosts: own, certificates = [] }) => ({
    ...{ name: name === '' ? id : name, hosts: own, certificates, isRenewed: false },
  }));
  return [...registered, ...others].flatMap(({ certificates, ...holder }) => {
    const newest = certificates.toSorted(
      (one, other) => Date.parse(other.notAfter) - Date.parse(one.notAfter),
    )[0];
    if (newest === undefined) return [];
    const { serial, notAfter } = newest;
    const isRevoked = revocations.has(serial);
    return [{ ...holder, serial, endsAtMs: Date.parse(notAfter), isRevoked }];
  });
}

const mostRows = 100;
const mostNamed = 5;
const ranks: Readonly<Record<Level, number>> = { bad: 0, warn: 1, ok: 2 };

/** Those that need somebody first; then those that end first. */
export function toCertificateTable(
  certificates: readonly HostCertificate[],
  nowMs: number,
): Pick<OperationsTable, 'rows' | 'count'> {
  const judged = certificates.map((one) => ({ ...one, ...judge(one, nowMs) }));
  const sorted = judged.sort(
    (one, other) => ranks[one.level] - ranks[other.level] || one.endsAtMs - other.endsAtMs,
  );
  const rows = sorted.slice(0, mostRows).map(({ level, state, name, hosts, serial, endsAtMs }) => {
    const named = hosts.slice(0, mostNamed).join(' ');
    const more = hosts.length > mostNamed ? ` and ${hosts.length - mostNamed} more` : '';
    return { level, cells: [name, `${named}${more}`, state, endsAtMs, serial] };
  });
  return { rows, count: certificates.length };
}

export const certificateColumns: OperationsTable['columns'] = [
  ...[{ label: 'Name' }, { label: 'For hosts' }, { label: 'State' }],
  ...[{ label: 'Ends', unit: 'moment' as const }, { label: 'Serial' }],
];

function judge(
  { endsAtMs, isRevoked, isRenewed }: HostCertificate,
  nowMs: number,
): { readonly level: Level; readonly state: string } {
  const days = (endsAtMs - nowMs) / dayMs;
  if (isRevoked) return { level: 'warn', state: 'revoked' };
  if (days < 0) return { level: 'bad', state: 'has ended' };
  if (days < warnBelowDays) {
    const state = isRenewed ? 'was not renewed' : 'ends soon';
    return { level: days < badBelowDays ? 'bad' : 'warn', state };
  }
  return { level: 'ok', state: 'good' };
}
