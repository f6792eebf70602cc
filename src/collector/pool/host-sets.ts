/** Which hosts a member knows, for members that know others: 8 bytes a host, in several messages. */

import type { Shares } from './shares.ts';

const headBytes = 16;
const keyBytes = 8;
/** As many as fit into one message of any server: 240 kB. */
const keysInPart = 30_000;
/** Parts of a set, for more hosts than any pool has. */
const mostParts = 256;

/**
 * @param names of the set, as its member says them in its beats
 * @param keys {@link NameKey.whole} of each host
 */
export function packHostSet(names: string, keys: readonly number[]): readonly Buffer[] {
  const parts = Math.max(1, Math.ceil(keys.length / keysInPart));
  return Array.from({ length: parts }, (_, part) => {
    const own = keys.slice(part * keysInPart, (part + 1) * keysInPart);
    const packed = Buffer.alloc(headBytes + own.length * keyBytes);
    packed.write(names, 0, 8, 'hex');
    packed.writeUInt32LE(part, 8);
    packed.writeUInt32LE(parts, 12);
    for (const [index, key] of own.entries()) {
      packed.writeDoubleLE(key, headBytes + index * keyBytes);
    }
    return packed;
  });
}

/** Puts the set of one member together, of which only hosts that we know are of interest. */
export class ArrivingSet {
  #names = '';
  #parts = new Set<number>();
  #common = new Set<number>();

  /**
   * @param ours keys of the hosts that we know
   * @returns those of them that the member knows, once all parts are there
   */
  add(
    packed: Uint8Array,
    { names }: Pick<Shares, 'names'>,
    ours: { has(key: number): boolean },
  ): ReadonlySet<number> | undefined {
    const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
    if (bytes.length < headBytes || bytes.toString('hex', 0, 8) !== names) return undefined;
    const [part, parts] = [bytes.readUInt32LE(8), bytes.readUInt32LE(12)];
    if (part >= parts || parts > mostParts) return undefined;
    if (this.#names !== names || part === 0) {
      [this.#names, this.#parts, this.#common] = [names, new Set(), new Set()];
    }
    this.#parts.add(part);
    for (let at = headBytes; at + keyBytes <= bytes.length; at += keyBytes) {
      const key = bytes.readDoubleLE(at);
      if (ours.has(key)) this.#common.add(key);
    }
    return this.#parts.size === parts ? this.#common : undefined;
  }
}
