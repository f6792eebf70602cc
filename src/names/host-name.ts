/** Host names and addresses as Checkmk allows them. */

import { CourierError, quote } from '../faults/errors.ts';
import { isIpv6Address } from './ip-address.ts';

declare const checked: unique symbol;

/** A name Checkmk accepts for a host: safe as a file name, an argument and a part of a URI. */
export type HostName = string & { readonly [checked]: 'HostName' };

const longestHostName = 240;

/** Documents with hosts as keys lose it when they are read: better no such host than one half there. */
const notAKey = '__proto__';

/**
 * Checks a host name by Checkmk's own rule: letters, digits, `_`, `.` and `-`, beginning with
 * a word character, at most 240 characters, or an IP address (checkmk-site.md#host-names).
 *
 * @throws CourierError USAGE
 */
export function parseHostName(text: string): HostName {
  if (!isHostName(text)) {
    throw new CourierError(
      'USAGE',
      text === '' ? 'must not be empty' : `must be a host name Checkmk accepts, not ${quote(text)}`,
    );
  }
  return text;
}

/** Whether Checkmk takes a text for the name of a host. */
export function isHostName(text: string): text is HostName {
  if (text.length > longestHostName || text === notAKey) return false;
  return /^\w[\w.-]*$/.test(text) || isAddress(text);
}

/**
 * An IPv6 zone may hold anything; ours must be harmless in paths and arguments. IPv4 addresses
 * look like names.
 */
function isAddress(text: string): boolean {
  return isIpv6Address(text) && /^[0-9A-Fa-f:.]+(%[\w.-]+)?$/.test(text);
}

/**
 * Checks the value of `--address`: an IP address or a DNS name, since a site that does not
 * resolve at activation hands on the name.
 *
 * @returns undefined for what Checkmk passes when a host has no address: nothing, `0.0.0.0`, `::`
 * @throws CourierError USAGE
 */
export function parseAddress(text: string): string | undefined {
  if (text === '' || text === '0.0.0.0' || text === '::') return undefined;
  if (isAddress(text) || /^\w[\w.-]*$/.test(text)) return text;
  throw new CourierError('USAGE', `must be an address, not ${quote(text)}`);
}
