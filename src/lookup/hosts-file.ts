/** What `/etc/hosts` says (hosts(5)). */

import { isIP } from 'node:net';

/** Addresses by name in lower case. */
type Table = ReadonlyMap<string, readonly string[]>;

/** A line is an address and its names; `#` begins a comment. */
export function parseHosts(text: string): Table {
  const table = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').split(/\s+/).filter(Boolean);
    if (isIP(address) === 0) continue;
    for (const name of names.map((one) => one.toLowerCase())) {
      const known = table.get(name);
      if (known === undefined) table.set(name, [address]);
      else if (!known.includes(address)) known.push(address);
    }
  }
  return table;
}
