/**
 * Hosts of the site, or as the site had them the last time. Nobody is chosen by what is too old: then
 * the plan stays as it is, and every host keeps what it has.
 */

import { CourierError } from '../../faults/errors.ts';
import { formatDuration } from '../../times/durations.ts';
import { type HostCache, readHostCache, writeHostCache } from '../repository/host-cache.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import type { KnownHost } from './rules.ts';

export interface Memory {
  readonly places: UpdatePlaces;
  readonly clock: { now(): number };
  /** How old the answer of before may be when the site does not answer. */
  readonly mostMs: number;
  /** False for those who only look. */
  readonly isKept: boolean;
  readonly warn: (line: string) => void;
}

/** Faults of a site that may be gone in a while; any other one has to be mended. */
const passing: readonly string[] = ['UNREACHABLE', 'TIMEOUT', 'PEER'];

/**
 * Asks the site, and remembers what it says.
 *
 * @throws CourierError as `ask` does, when there is nothing to fall back to or it is too old
 */
export async function withMemory(
  ask: () => Promise<readonly KnownHost[]>,
  memory: Memory,
): Promise<readonly KnownHost[]> {
  let hosts: readonly KnownHost[];
  try {
    hosts = await ask();
  } catch (error) {
    if (!(error instanceof CourierError) || !passing.includes(error.code)) throw error;
    return recall(error, memory);
  }
  const { places, clock, isKept } = memory;
  if (isKept) {
    await writeHostCache(places, toCache(hosts, new Date(clock.now()).toISOString()));
  }
  return hosts;
}

function toCache(hosts: readonly KnownHost[], askedAt: string): HostCache {
  return {
    askedAt,
    hosts: hosts.map(({ host, tags, labels, folder, site }) => ({
      ...{ host, tags, labels },
      ...(folder !== undefined && { folder }),
      ...(site !== undefined && { site }),
    })),
  };
}

export function fromCache({ hosts }: HostCache): readonly KnownHost[] {
  return hosts.map(({ folder, site, ...known }) => ({ ...known, folder, site }));
}

async function recall(
  error: CourierError,
  { places, clock, mostMs, warn }: Memory,
): Promise<readonly KnownHost[]> {
  const cache = await readHostCache(places);
  if (cache === undefined) throw error;
  const ageMs = clock.now() - Date.parse(cache.askedAt);
  const age = formatDuration(Math.max(ageMs, 0));
  if (ageMs > mostMs || ageMs < 0) {
    const why = `what the site said the last time is ${age} old, allowed are ${formatDuration(mostMs)} (--max-list-age)`;
    throw new CourierError(error.code, `${error.message}; ${why}`, { cause: error });
  }
  warn(`hosts are those that the site had ${age} ago: ${error.message}\n`);
  return fromCache(cache);
}
