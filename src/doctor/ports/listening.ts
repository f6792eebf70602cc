/** Who listens on this machine, by /proc/net (proc(5)). */

import { readWholeFile } from '../../files/file-calls.ts';

export interface Listener {
  readonly proto: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  /** Of the socket, by which its process is found. */
  readonly inode: string;
}

const listening = '0A';
/** Of a datagram socket that nobody is connected to. */
const bound = '07';

/** Reads one table; lines that are none are passed over. */
export function parseSockets(text: string, proto: 'tcp' | 'udp'): readonly Listener[] {
  return text.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    const [, hex = '', port = ''] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(local) ?? [];
    if (hex === '' || state !== (proto === 'tcp' ? listening : bound)) return [];
    return [{ proto, address: toAddress(hex), port: Number.parseInt(port, 16), inode }];
  });
}

/** Words of four bytes, each in the order of the machine, which is little-endian here. */
function toAddress(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  for (let word = 0; word < bytes.length; word += 4) bytes.subarray(word, word + 4).reverse();
  if (bytes.length === 4) return [...bytes].join('.');
  const groups = Array.from({ length: 8 }, (_, group) => bytes.readUInt16BE(group * 2));
  if (groups.every((group) => group === 0)) return '::';
  const isLoopback = groups.slice(0, 7).every((group) => group === 0) && groups[7] === 1;
  return isLoopback ? '::1' : groups.map((group) => group.toString(16)).join(':');
}

/** Undefined where the system does not tell. */
export async function findListeners(): Promise<readonly Listener[] | undefined> {
  const tables = await Promise.all(
    (['tcp', 'tcp6', 'udp', 'udp6'] as const).map(async (name) => {
      const text = await readWholeFile(`/proc/net/${name}`, 'utf8').catch(() => undefined);
      return text === undefined
        ? undefined
        : parseSockets(text, name.startsWith('tcp') ? 'tcp' : 'udp');
    }),
  );
  return tables.every((table) => table === undefined)
    ? undefined
    : tables.flatMap((table) => table ?? []);
}
