/** What relays say of a host, as everybody sees it who reads the spool of a receiver. */

import { CourierError } from '../faults/errors.ts';
import { requireAccess } from '../files/file-calls.ts';
import type { HostName } from '../names/host-name.ts';
import { formatDuration } from '../times/durations.ts';
import {
  type RelayedHost,
  type RelayRecord,
  readHost,
  readRelay,
  relayedHostsIn,
} from './records.ts';

/** A host of a relay, and how that is. */
export interface FarHost {
  readonly about: RelayedHost;
  /** What is wrong with the relay itself, such as `relay far1 has been silent for 5m`. */
  readonly silence: string | undefined;
}

/** Most spools know no relays: a look at a directory is all that costs. */
export async function lookUpRelayed(
  spool: string,
  host: HostName,
  nowMs: number,
): Promise<FarHost | undefined> {
  const isThere = await requireAccess(relayedHostsIn(spool)).then(
    () => true,
    () => false,
  );
  const about = isThere ? await readHost(spool, host) : undefined;
  if (about === undefined) return undefined;
  const relay = await readRelay(spool, about.relay);
  // One of its name has a new token or certificate, and has not asked for this host yet.
  const gone = `relay ${about.relayName} (${about.relay}) is not known any more`;
  return { about, silence: relay === undefined ? gone : describeSilence(relay, nowMs) };
}

/** A relay may be late by so much, and miss so many contacts. */
const lateMs = 5000;
const missedContacts = 3;

/** Undefined for a relay that was heard of in time. */
export function describeSilence(
  { name, lastContactMs, contactMs, isEnded, refusal }: RelayRecord,
  nowMs: number,
): string | undefined {
  const sinceMs = Math.max(0, nowMs - lastContactMs);
  if (isEnded) return `relay ${name} was stopped ${formatDuration(sinceMs)} ago`;
  if (sinceMs <= missedContacts * contactMs + lateMs) return undefined;
  const silent = `relay ${name} has been silent for ${formatDuration(sinceMs)}`;
  if (refusal === undefined) return silent;
  const ago = formatDuration(Math.max(0, nowMs - refusal.atMs));
  return `${silent} (refused ${ago} ago: ${refusal.message})`;
}

/** A cycle may begin and end late by so much. */
const slackMs = 60_000;

/**
 * The fault that a relay told, as that of its host now: undefined when it is too long ago, or when
 * output has come since.
 *
 * @param outputAt when the newest output was received
 */
export function findFarFault(
  { about, silence }: FarHost,
  outputAt: Date | undefined,
  nowMs: number,
): CourierError | undefined {
  const { fault, relayName } = about;
  if (fault === undefined || nowMs > fault.untilMs + slackMs) return undefined;
  if (outputAt !== undefined && outputAt.getTime() > fault.toldAtMs) return undefined;
  const age = formatDuration(Math.max(0, nowMs - fault.atMs));
  const more = silence === undefined ? '' : `; ${silence}`;
  const message = `relay ${relayName}, ${age} ago: ${fault.line}${more}`;
  return new CourierError(fault.code, message, { isSecondHand: true });
}
