/** Relays as their receiver knows them, for those who look. */

import type { Environment } from '../cli/environment.ts';
import { defaultSpoolDirectory } from '../spool/directories.ts';
import { describeSilence } from './looking.ts';
import { listRelays, type RelayRecord } from './records.ts';

export interface RelayStatus {
  readonly relay: string;
  /** Whom it proved to be, such as `token-1a2b…`. */
  readonly id: string;
  readonly address: string;
  readonly version: string;
  readonly startedAt: string;
  readonly lastContactAt: string;
  readonly sinceContactMs: number;
  readonly hosts: number;
  readonly waiting: number;
  /** How far its clock is ahead of ours. */
  readonly skewMs: number;
  /** Why nothing is heard of it; undefined while it is. */
  readonly silence?: string | undefined;
  /** Why somebody with its id was turned away since it was heard of last; that proves no id. */
  readonly refusal?: string | undefined;
}

/**
 * Every relay that a spool knows, those that are not well first, each part by name.
 *
 * @param spool undefined: where it is by default; nowhere is no fault
 * @throws CourierError CONFIG, LOCAL
 */
export async function findRelayStatuses(
  spool: string | undefined,
  env: Environment,
  nowMs: number,
): Promise<RelayStatus[]> {
  const isKnown = spool !== undefined || env['OMD_ROOT'] || env['XDG_STATE_HOME'] || env['HOME'];
  if (!isKnown) return [];
  const relays = await listRelays(spool ?? defaultSpoolDirectory(env));
  const statuses = relays.map((relay) => toStatus(relay, nowMs));
  return statuses.sort((one, other) => Number(isRelayWell(one)) - Number(isRelayWell(other)));
}

/** Nobody waits for a relay that was not heard of for so long; the table of relays still has it. */
export const longestNoticeMs = 7 * 86_400_000;

/** Whether it is heard of, and nobody with its id was turned away since. */
export function isRelayWell({
  silence,
  refusal,
}: Pick<RelayStatus, 'silence' | 'refusal'>): boolean {
  return silence === undefined && refusal === undefined;
}

function toStatus(record: RelayRecord, nowMs: number): RelayStatus {
  const { id, name: relay, address, version, hosts, waiting, skewMs, refusal } = record;
  return {
    ...{ relay, id, address, version },
    startedAt: new Date(record.startedAtMs).toISOString(),
    lastContactAt: new Date(record.lastContactMs).toISOString(),
    sinceContactMs: Math.max(0, nowMs - record.lastContactMs),
    ...{
      hosts,
      waiting,
      skewMs,
      silence: describeSilence(record, nowMs),
      refusal: refusal?.message,
    },
  };
}
