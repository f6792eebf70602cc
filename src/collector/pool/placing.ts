/**
 * Which member of a pool asks which host: rendezvous hashing. Each member has a weight for each host,
 * and the heaviest asks. A member that goes gives away its own hosts only, to all others alike, and one
 * that comes takes from all alike.
 */

/** A name, ready to be weighed; 53 bits of it tell a million hosts apart (2^53 / 10^12). */
export interface NameKey {
  readonly low: number;
  readonly high: number;
  /** Both in one number, to look it up by. */
  readonly whole: number;
}

/** A member that can be weighed. */
export interface Weighed {
  readonly member: string;
  readonly key: NameKey;
}

const highRange = 2 ** 21;

export function toNameKey(name: string): NameKey {
  let [low, high] = [0x811c9dc5, 0x01000193];
  for (const byte of Buffer.from(name)) {
    // FNV-1a, from two beginnings.
    low = Math.imul(low ^ byte, 0x01000193);
    high = Math.imul(high ^ byte, 0x85ebca6b);
  }
  low = scatter(low);
  high = scatter(high ^ low);
  return { low, high, whole: (high % highRange) * 2 ** 32 + low };
}

/** Who of them asks the host; undefined when there is nobody. */
export function findOwner<Member extends Weighed>(
  host: NameKey,
  members: readonly Member[],
): Member | undefined {
  let [owner, heaviest]: [Member | undefined, number] = [undefined, -1];
  for (const member of members) {
    const weight = weigh(host, member.key);
    const isTie = weight === heaviest && owner !== undefined && member.member < owner.member;
    if (weight > heaviest || isTie) [owner, heaviest] = [member, weight];
  }
  return owner;
}

function weigh(host: NameKey, member: NameKey): number {
  return scatter(scatter(host.low ^ member.low) ^ host.high ^ member.high);
}

/** Every bit of the number decides about every bit of the result: MurmurHash3's end, 32 bits. */
export function scatter(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
