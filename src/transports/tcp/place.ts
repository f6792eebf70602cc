/** Where an agent answers: one address and one port. */

import { CourierError, quote } from '../../faults/errors.ts';
import { parseAddress, parseHostName } from '../../names/host-name.ts';
import { isIpv6Address } from '../../names/ip-address.ts';
import { fillSourceUri, type SourceUri, type Target } from '../source.ts';

export interface AgentPlace {
  /** An IP address, without brackets, or a DNS name. */
  readonly address: string;
  readonly port: number;
  /** `10.1.2.3:6556`, `[2001:db8::1]:6556`: for messages. */
  readonly shown: string;
}

const agentPort = 6556;

/** `HOST`, `HOST:PORT`, `[IPv6]`, `[IPv6]:PORT`. */
const authorityParts = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/;

/**
 * The place a `tcp:` source means for one host.
 *
 * @throws CourierError USAGE
 */
export function locateAgent(uri: SourceUri, target: Target): AgentPlace {
  const [, authority] = /^tcp:\/\/([^/?#]*)\/?$/i.exec(fillSourceUri(uri, target)) ?? [];
  if (authority === undefined || authority.includes('@')) {
    throw new CourierError('USAGE', 'a tcp: source must be tcp://ADDRESS or tcp://ADDRESS:PORT');
  }
  const place = decode(authority);
  // Without brackets a port could not be told from the last part of the address.
  if (isIpv6Address(place)) throw notAPlace(place);
  return parseAgentPlace(place);
}

/**
 * Checks a `tcp:` source as far as possible before a host is known.
 *
 * @throws CourierError USAGE
 */
export function checkAgentUri(uri: SourceUri): void {
  locateAgent(uri, { host: parseHostName('host'), address: '127.0.0.1' });
}

/**
 * `web01`, `10.1.2.3:6557`, `[2001:db8::1]:6556`, `2001:db8::1` → the place; port 6556 unless
 * another is named.
 *
 * @throws CourierError USAGE
 */
export function parseAgentPlace(text: string): AgentPlace {
  const [, bracketed, bare = '', digits] = isIpv6Address(text)
    ? [text, text]
    : (authorityParts.exec(text) ?? []);
  const address = checkAddress(bracketed ?? bare, text);
  if (bracketed !== undefined && !isIpv6Address(address)) throw notAPlace(text);
  const port = digits === undefined ? agentPort : Number(digits);
  if (port < 1 || port > 65_535) throw notAPlace(text);
  return { address, port, shown: `${isIpv6Address(address) ? `[${address}]` : address}:${port}` };
}

function checkAddress(address: string, text: string): string {
  try {
    const usable = parseAddress(address);
    if (usable !== undefined) return usable;
  } catch {
    // The error below shows the whole text.
  }
  throw notAPlace(text);
}

function notAPlace(text: string): CourierError {
  return new CourierError('USAGE', `not an address and port: ${quote(text)}`);
}

function decode(authority: string): string {
  try {
    return decodeURIComponent(authority);
  } catch (error) {
    throw new CourierError('USAGE', `not an address and port: ${quote(authority)}`, {
      cause: error,
    });
  }
}
