/** Who may connect, and from where (agent-port.md#controller). */

import { BlockList, isIP } from 'node:net';

/** IPv4 peers of a dual-stack listener come as `::ffff:a.b.c.d`. */
export function normaliseAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

/**
 * Whether a list of addresses and networks lets a peer in: an empty list lets everybody in, what
 * cannot be read is ignored, and so a list of nothing else lets nobody in.
 */
export function isAllowed(remote: string, entries: readonly string[]): boolean {
  if (entries.length === 0) return true;
  const list = new BlockList();
  for (const entry of entries) addEntry(list, entry);
  const address = normaliseAddress(remote);
  return list.check(address, familyOf(address));
}

function addEntry(list: BlockList, entry: string): void {
  const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  const family = isIP(address);
  if (family === 0) return;
  const longest = family === 4 ? 32 : 128;
  const length = prefix === undefined ? longest : Number(prefix);
  if (length <= longest) list.addSubnet(address, length, familyOf(address));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
