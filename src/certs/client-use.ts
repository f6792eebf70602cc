/** Whether a site certificate is also good where the site is the client: when it pulls a host. */

import { X509Certificate } from 'node:crypto';
import { files } from './directory.ts';
import type { CertificateStore } from './store.ts';

const clientAuth = '1.3.6.1.5.5.7.3.2';

/**
 * Controllers verify a site's certificate with webpki: where an extended key usage is there at
 * all, it has to name clients (`RequiredEkuNotFound` otherwise; "any usage" counts for nothing).
 */
export function isForClients({ keyUsage }: Pick<X509Certificate, 'keyUsage'>): boolean {
  return keyUsage === undefined || keyUsage.includes(clientAuth);
}

/** What `certs init` made before it made certificates for both uses, and what to do about it. */
export function findUseWarnings({ serverCert }: CertificateStore): readonly string[] {
  if (isForClients(new X509Certificate(serverCert))) return [];
  return [
    `${files.server} is for servers only, so hosts registered here refuse it when they are pulled; cmk-courier certs server makes one for both, a reload of the receiver uses it`,
  ];
}
