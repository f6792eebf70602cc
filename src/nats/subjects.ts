/**
 * Names → subjects of NATS, and back. A server stores a subject that holds a wildcard as it is
 * (nats.md#subjects), so only this encoding keeps one name from meaning several.
 */

import { type HostName, isHostName } from '../names/host-name.ts';

const plain = /[A-Za-z0-9_-]/;

/**
 * One token of a subject: each byte of the name that is no letter, digit, `-` or `_` becomes `=`
 * and two hexadecimal digits.
 */
export function encodeToken(name: string): string {
  let token = '';
  for (const byte of Buffer.from(name)) {
    const character = String.fromCharCode(byte);
    const digits = byte.toString(16).toUpperCase().padStart(2, '0');
    token += plain.test(character) ? character : `=${digits}`;
  }
  return token;
}

/** The name a token stands for; undefined when {@link encodeToken} makes no such token. */
export function decodeToken(token: string): string | undefined {
  const bytes = token.replace(/=([0-9A-F]{2})/g, (_, digits) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  const name = Buffer.from(bytes, 'latin1').toString();
  return name !== '' && encodeToken(name) === token ? name : undefined;
}

/** Where the newest output of a host is. */
export function outputSubject(site: string, host: HostName): string {
  return `courier.${encodeToken(site)}.output.${encodeToken(host)}`;
}

/** All outputs of a site. */
export function outputSubjects(site: string): string {
  return `courier.${encodeToken(site)}.output.*`;
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
