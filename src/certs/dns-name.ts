/** Names in certificates, as the Agent Controller reads them. */

import { isIP } from 'node:net';
import { CourierError, quote } from '../faults/errors.ts';

/**
 * Whether webpki takes a text for a DNS name: labels of letters, digits, `_` and `-`, none
 * beginning or ending with `-`, the last one not a number (agent-receiver.md#server-certificate).
 */
export function isDnsName(text: string): boolean {
  const labels = text.replace(/\.$/, '').split('.');
  if (text.length > 253 || /^\d+$/.test(labels.at(-1) ?? '')) return false;
  return labels.every((label) => /^(?!-)[\w-]{1,63}(?<!-)$/.test(label));
}

/** Whether a text is a UUID of any version, with hyphens or without. */
export function isUuid(text: string): boolean {
  return /^[\da-f]{8}(-?)[\da-f]{4}\1[\da-f]{4}\1[\da-f]{4}\1[\da-f]{12}$/i.test(text);
}

/** What the uuid of a host looks like: version 4, lower case (agent-receiver.md#requests). */
export function isHostUuid(text: string): boolean {
  return /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/.test(text);
}

/**
 * What the common name of a server certificate can be.
 *
 * @throws CourierError USAGE with a sentence that continues the option's name
 */
export function parseSite(raw: string): string {
  // Common names are at most 64 characters long (RFC 5280, A.1).
  if (isDnsName(raw) && !isUuid(raw) && raw.length <= 64) return raw;
  const wanted = 'a name of letters, digits, "-", "_" and dots that is no address and no UUID';
  throw new CourierError('USAGE', `must be ${wanted}, not ${quote(raw)}`);
}

/**
 * What an alternative name of a server certificate can be; `*` may stand for the first label.
 *
 * @throws CourierError USAGE with a sentence that continues the option's name
 */
export function parseName(raw: string): string {
  if (isIP(raw.replace('%', ' ')) || isDnsName(raw.replace(/^\*\.(?=.+\.)/, ''))) return raw;
  throw new CourierError('USAGE', `must be a DNS name or an IP address, not ${quote(raw)}`);
}
