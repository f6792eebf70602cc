/** The options of `collect --pool`. */

import { hostname } from 'node:os';
import { brokerAccessOptions } from '../../broker/options.ts';
import type { OptionTable, OptionValues } from '../../cli/options.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import { type NatsServer, parseNatsServers } from '../../nats/servers.ts';

export interface PoolPlace {
  readonly servers: readonly NatsServer[];
  /** Pools of one broker have a name each. */
  readonly name: string;
}

export const poolOptions = {
  pool: {
    kind: 'value',
    placeholder: 'nats://SERVER[,SERVER…][/NAME]',
    parse: parsePool,
    describe:
      'share the hosts with all collectors of this pool, as user `--broker-user`; with `--forward` or `--broker`, since each has ready only what it fetches itself',
  },
  poolMember: {
    kind: 'value',
    placeholder: 'NAME',
    parse: parseWord,
    describe:
      'with --pool: what this collector is called there; by default the name of the machine',
  },
  poolNetwork: {
    kind: 'list',
    placeholder: 'NAME',
    parse: parseWord,
    describe: 'with --pool: a network it reaches; hosts with `pool: NAME` need one that does',
  },
  ...brokerAccessOptions,
} as const satisfies OptionTable;

export type PoolValues = OptionValues<typeof poolOptions>;

/** @throws CourierError USAGE */
function parsePool(raw: string): PoolPlace {
  const [, authority, name = 'collectors'] =
    /^nats:\/\/([^/?#]+)(?:\/([A-Za-z0-9_-]{1,64})?)?$/.exec(raw) ?? [];
  if (authority !== undefined) return { servers: parseNatsServers(authority), name };
  const why = `must be servers such as nats://broker1,broker2/collectors, not ${quote(raw)}`;
  throw new CourierError('USAGE', why);
}

function isWord(text: string): boolean {
  return /^[\w.-]{1,64}$/.test(text);
}

function parseWord(raw: string): string {
  if (isWord(raw)) return raw;
  throw new CourierError('USAGE', `must be letters, digits, ., - and _, not ${quote(raw)}`);
}

/**
 * The name of this member.
 *
 * @throws CourierError USAGE when the machine has one that no member may have
 */
export function memberName({ poolMember }: PoolValues): string {
  if (poolMember !== undefined) return poolMember;
  const name = hostname();
  if (isWord(name)) return name;
  const why = `the name of this machine, ${quote(name)}, cannot be that of a member`;
  throw new CourierError('USAGE', `--pool-member is missing: ${why}`);
}
