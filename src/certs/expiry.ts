/** Certificates that will not be good for much longer. */

import { X509Certificate } from 'node:crypto';
import { toTime } from './dates.ts';
import { files } from './directory.ts';
import type { CertificateStore } from './store.ts';

const dayMs = 86_400_000;

/** Whole days; negative when it has expired. */
export function countDaysLeft({ validToDate }: X509Certificate, now: Date): number {
  return Math.floor((validToDate.getTime() - now.getTime()) / dayMs);
}

/** What counts as soon. */
interface Horizon {
  readonly now: Date;
  readonly belowDays: number;
}

/** A line for each certificate that expires in fewer days, has expired, or is not valid yet. */
export function findExpiryWarnings(store: CertificateStore, horizon: Horizon): readonly string[] {
  const { rootCert, agentCaCert, serverCert } = store;
  const again = 'every host has to register again with its successor';
  const renew = 'cmk-courier certs server renews it, a reload of the receiver uses it';
  return [
    ...toWarnings(files.root, rootCert, { ...horizon, remedy: again }),
    ...toWarnings(files.agentCa, agentCaCert, { ...horizon, remedy: again }),
    ...toWarnings(files.server, serverCert, { ...horizon, remedy: renew }),
  ];
}

interface Consequence extends Horizon {
  /** What has to be done. */
  readonly remedy: string;
}

function toWarnings(
  file: string,
  pem: string,
  { now, belowDays, remedy }: Consequence,
): readonly string[] {
  const certificate = new X509Certificate(pem);
  const from = certificate.validFromDate;
  if (now < from) return [`${file} is not valid before ${toTime(from)}; is the clock right?`];
  const days = countDaysLeft(certificate, now);
  if (days >= belowDays) return [];
  const when = days < 0 ? 'has expired' : `expires in ${days} day${days === 1 ? '' : 's'}`;
  return [`${file} ${when}, at ${toTime(certificate.validToDate)}; ${remedy}`];
}
