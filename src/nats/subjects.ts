/**
 * Names → subjects of NATS, and back. A server stores a subject that holds a wildcard as it is
 * (nats.md#subjects), so only this encoding keeps one name from meaning several.
 */

import { type HostName, isHostName } from '../names/host-name.ts';
import { decodeToken, encodeToken } from '../names/name-token.ts';

/** Where the newest output of a host is. */
export function outputSubject(site: string, host: HostName): string {
  return `${outputRoot(site)}.${encodeToken(host)}`;
}

/** Below which all outputs of a site are; nothing lies there itself. */
export function outputRoot(site: string): string {
  return `courier.${encodeToken(site)}.output`;
}

/** All outputs of a site. */
export function outputSubjects(site: string): string {
  return `${outputRoot(site)}.*`;
}

/** Whose output is under a subject; undefined for one that is not of such output. */
export function readOutputSubject(
  subject: string,
): { readonly site: string; readonly host: HostName } | undefined {
  const [first, siteToken = '', third, hostToken = '', ...more] = subject.split('.');
  if (first !== 'courier' || third !== 'output' || more.length > 0) return undefined;
  const [site, host] = [decodeToken(siteToken), decodeToken(hostToken)];
  if (site === undefined || host === undefined || !isHostName(host)) return undefined;
  return { site, host };
}
