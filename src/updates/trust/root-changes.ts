/** What may change from one root to the next. Nothing is written here. */

import { CourierError } from '../../faults/errors.ts';
import { type KeyRole, keyRoles, type Root, type TrustedKey } from '../documents/root.ts';

/** A change of a root; throws CourierError USAGE for one that changes nothing or cannot be. */
export type RootChange = (root: Root) => Root;

export function withKey(key: TrustedKey): RootChange {
  return (root) => {
    const there = root.keys.find(({ id }) => id === key.id);
    const roles = keyRoles.filter(
      (role) => key.roles.includes(role) || there?.roles.includes(role),
    );
    if (there !== undefined && roles.length === there.roles.length) {
      throw new CourierError('USAGE', `the key is trusted as ${roles.join(', ')} already`);
    }
    const others = root.keys.filter(({ id }) => id !== key.id);
    return { ...root, keys: [...others, { ...key, roles }] };
  };
}

/** @param roles that the key is to lose; it is gone once it has none left */
export function withoutKey(id: string, roles: readonly KeyRole[] = keyRoles): RootChange {
  return (root) => {
    const there = root.keys.find((key) => key.id === id);
    if (there === undefined) throw new CourierError('USAGE', 'the root does not trust that key');
    const left = there.roles.filter((role) => !roles.includes(role));
    const others = root.keys.filter((key) => key.id !== id);
    const keys = left.length === 0 ? others : [...others, { ...there, roles: left }];
    return { ...root, keys };
  };
}

/** One key in the place of all that had the role. */
export function withOnlyKey(key: TrustedKey, role: KeyRole): RootChange {
  return (root) => {
    const holders = root.keys.filter(({ roles }) => roles.includes(role));
    const without = holders.reduce((all, { id }) => withoutKey(id, [role])(all), root);
    return withKey({ ...key, roles: [role] })(without);
  };
}

export function withThresholds(threshold: number, roles: readonly KeyRole[]): RootChange {
  return (root) => ({
    ...root,
    thresholds: {
      root: roles.includes('root') ? threshold : root.thresholds.root,
      release: roles.includes('release') ? threshold : root.thresholds.release,
      stamp: roles.includes('stamp') ? threshold : root.thresholds.stamp,
    },
  });
}

export function withServers(servers: readonly string[]): RootChange {
  return (root) => ({ ...root, servers });
}

export function withAuthorities(authorities: readonly Buffer[]): RootChange {
  return (root) => ({ ...root, authorities });
}

/** The floor never falls. */
export function withFloor(floorCounter: number): RootChange {
  return (root) => ({ ...root, floorCounter: Math.max(root.floorCounter, floorCounter) });
}

/** All changes, in their order. */
export function inOrder(...changes: readonly RootChange[]): RootChange {
  return (root) => changes.reduce((changed, change) => change(changed), root);
}

/** Whether hosts will drop what they have stored of counters and serials (their keys changed). */
export function changesSigners(before: Root, after: Root): boolean {
  const holders = ({ keys }: Root, role: KeyRole) =>
    keys
      .filter(({ roles }) => roles.includes(role))
      .map(({ id }) => id)
      .sort()
      .join(' ');
  return (['release', 'stamp'] as const).some(
    (role) => holders(before, role) !== holders(after, role),
  );
}
