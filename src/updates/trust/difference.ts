/** What one root has that another has not, in lines that a person signs by. */

import { fingerprintOf } from '../../sealing/keys.ts';
import { toDay } from '../../sealing/stamp.ts';
import { keyRoles, type Root, type TrustedKey } from '../documents/root.ts';

/** Names of keys by their ids, where they are known. */
export type KeyNames = ReadonlyMap<string, string>;

/** `main (SHA256:…)`, or the fingerprint alone. */
export function nameKey(id: string, names: KeyNames): string {
  const name = names.get(id);
  return name === undefined ? fingerprintOf(id) : `${name} (${fingerprintOf(id)})`;
}

/** One line a difference; a first root differs from nothing. */
export function describeDifference(
  before: Root | undefined,
  after: Root,
  names: KeyNames,
): readonly string[] {
  return [
    ...describeKeys(before?.keys ?? [], after.keys, names),
    ...keyRoles.flatMap((role) => {
      const [from, to] = [before?.thresholds[role], after.thresholds[role]];
      return from === to ? [] : [`${role}: ${to} ${to === 1 ? 'key has' : 'keys have'} to sign`];
    }),
    ...difference('server', before?.servers ?? [], after.servers),
    ...difference(
      'authority',
      (before?.authorities ?? []).map(shorten),
      after.authorities.map(shorten),
    ),
    ...(before !== undefined && before.floorCounter !== after.floorCounter
      ? [`counters below ${after.floorCounter} are refused`]
      : []),
    `valid until ${toDay(after.expires)}`,
  ];
}

function shorten(der: Buffer): string {
  return `${der.length} bytes, ending ${der.subarray(-8).toString('hex')}`;
}

function describeKeys(
  before: readonly TrustedKey[],
  after: readonly TrustedKey[],
  names: KeyNames,
): readonly string[] {
  const rolesIn = (keys: readonly TrustedKey[], id: string) =>
    keys.find((key) => key.id === id)?.roles.join(', ') ?? '';
  const ids = [...new Set([...before, ...after].map(({ id }) => id))];
  return ids.flatMap((id) => {
    const [from, to] = [rolesIn(before, id), rolesIn(after, id)];
    if (from === to) return [];
    const key = nameKey(id, names);
    if (to === '') return [`no longer trusts ${key}`];
    return [`trusts ${key} as ${to}${from === '' ? '' : `, before as ${from}`}`];
  });
}

function difference(
  what: string,
  before: readonly string[],
  after: readonly string[],
): readonly string[] {
  return [
    ...after.filter((value) => !before.includes(value)).map((value) => `${what} ${value}`),
    ...before.filter((value) => !after.includes(value)).map((value) => `no ${what} ${value}`),
  ];
}
