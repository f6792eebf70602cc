/** Certificates that will not be good for much longer. */

import { X509Certificate } from 'node:crypto';
import { toTime } from './dates.ts';
import { files } from './directory.ts';
import type { CertificateStore } from './store.ts';

/** Time enough to notice and to act (agent-receiver.md#certificates). */
const warnBelowDays = 90;
const dayMs = 86_400_000;

/** Whole days; negative when it has expired. */
export function countDaysLeft({ validToDate }: X509Certificate, now: Date): number {
  return Math.floor((validToDate.getTime() - now.getTime()) / dayMs);
}

/** A line for each certificate that expires within 90 days, has expired, or is not valid yet. */
export function findExpiryWarnings(store: CertificateStore, now: Date): readonly string[] {
  const { rootCert, agentCaCert, serverCert } = store;
  const again = 'every host has to register again with its successor';
  return [
    ...toWarnings(files.root, rootCert, { now, remedy: again }),
    ...toWarnings(files.agentCa, agentCaCert, { now, remedy: again }),
    ...toWarnings(files.server, serverCert, { now, remedy: 'cmk-courier certs server renews it' }),
  ];
}

interface Consequence {
  readonly now: Date;
  /** What has to be done. */
  readonly remedy: string;
}

function toWarnings(file: string, pem: string, { now, remedy }: Consequence): readonly string[] {
  const certificate = new X509Certificate(pem);
  const from = certificate.validFromDate;
  if (now < from) return [`${file} is not valid before ${toTime(from)}; is the clock right?`];
  const days = countDaysLeft(certificate, now);
  if (days >= warnBelowDays) return [];
  const when = days < 0 ? 'has expired' : `expires in ${days} day${days === 1 ? '' : 's'}`;
  return [`${file} ${when}, at ${toTime(certificate.validToDate)}; ${remedy}`];
}
