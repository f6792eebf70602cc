/** Who is at the other end of a proxy: believed of proxies that were named, and of nobody else. */

import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv4 } from 'node:net';
import { CourierError, quote } from '../faults/errors.ts';
import { addressOf } from './exchange.ts';

export interface Network {
  readonly address: string;
  readonly bits: number;
}

/**
 * `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`.
 *
 * @throws CourierError USAGE
 */
export function parseNetwork(raw: string): Network {
  const [, address = '', digits] = /^([\da-fA-F.:]+)(?:\/(\d{1,3}))?$/.exec(raw) ?? [];
  const longest = isIPv4(address) ? 32 : 128;
  const bits = digits === undefined ? longest : Number(digits);
  if (isIP(address) === 0 || bits > longest) {
    const example = 'must be an address or a network such as 192.0.2.0/24';
    throw new CourierError('USAGE', `${example}, not ${quote(raw)}`);
  }
  // With such a range every client could claim any address.
  if (bits === 0) throw new CourierError('USAGE', `must not be every address, as ${quote(raw)} is`);
  return { address, bits };
}

/** Longer chains of proxies are forged. */
const mostHops = 32;

export class Proxies {
  readonly #trusted = new BlockList();

  constructor(networks: readonly Network[]) {
    for (const { address, bits } of networks) {
      this.#trusted.addSubnet(address, bits, familyOf(address));
    }
  }

  isTrusted(address: string): boolean {
    // Of a link-local address without its zone, which says how it is reached from here.
    const [plain = ''] = address.split('%');
    return isIP(plain) !== 0 && this.#trusted.check(plain, familyOf(plain));
  }

  /**
   * The address a request comes from. What a sender himself writes into a header stands left of
   * what proxies add, so it is read from the right. Where both headers are there and say otherwise,
   * one of them has gone through a proxy that does not know it: then neither counts.
   */
  senderOf(request: IncomingMessage): string {
    const direct = addressOf(request);
    if (!this.isTrusted(direct)) return direct;
    const { 'x-forwarded-for': plain, forwarded } = request.headers;
    const found = [
      ...(plain === undefined ? [] : [this.#walk(direct, parsePlain(String(plain)))]),
      ...(forwarded === undefined ? [] : [this.#walk(direct, parseForwarded(forwarded))]),
    ];
    const [first = direct, second = first] = found;
    return first === second ? first : direct;
  }

  /** From right to left, as far as proxies are trusted and say something readable. */
  #walk(direct: string, hops: readonly (string | undefined)[]): string {
    let nearest = direct;
    for (const hop of hops.slice(-mostHops).reverse()) {
      if (hop === undefined) return nearest;
      nearest = hop;
      if (!this.isTrusted(hop)) return nearest;
    }
    return nearest;
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6';
}

/** `X-Forwarded-For: 203.0.113.7, 198.51.100.2:4711`; undefined for what is no address. */
function parsePlain(header: string): readonly (string | undefined)[] {
  return header.split(',').map((hop) => parseHop(hop.trim()));
}

/** The `for` of each element of `Forwarded` (RFC 7239, 4 and 6); undefined for what is no address. */
function parseForwarded(header: string): readonly (string | undefined)[] {
  const elements = header.match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g) ?? [];
  return elements.map((element) => {
    const [, quoted, bare] =
      /(?:^|;)\s*for=(?:"((?:[^"\\]|\\.)*)"|([^;,"\s]*))\s*(?:;|$)/i.exec(element.trim()) ?? [];
    return parseHop(quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '');
  });
}

/** An address, perhaps with a port, which with IPv6 needs brackets; one spelling of each. */
function parseHop(text: string): string | undefined {
  const [, bracketed, plain] =
    /^(?:\[([\da-f:.]+)\](?::\w+)?|([\d.]+)(?::\w+)?)$/i.exec(text) ?? [];
  const address = bracketed ?? plain ?? text;
  if (isIP(address) === 0) return undefined;
  const lower = address.toLowerCase();
  return lower.replace(/^::ffff:(?=[\d.]+$)/, '');
}
