/** What relays say of a host, as everybody sees it who reads the spool of a receiver. */

import { CourierError } from '../faults/errors.ts';
import { requireAccess } from '../files/file-calls.ts';
import type { HostName } from '../names/host-name.ts';
import { relayOrigin } from '../spool/origins.ts';
import type { SpooledOutput } from '../spool/record.ts';
import { formatDuration } from '../times/durations.ts';
import {
  type FarFault,
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
  /** That the relay is well, and tells nothing of this host: nobody knows how that is. */
  readonly neglect: string | undefined;
}

/** What has to be known of the newest output of a host. */
export type Newest = Pick<SpooledOutput, 'origin' | 'receivedAt'>;

/**
 * Most spools know no relays: a look at a directory is all that costs.
 *
 * @param newest the newest output of the host in this spool
 * @returns undefined when a relay is not the way of the host, or not any more
 */
export async function lookUpRelayed(
  spool: string,
  host: HostName,
  newest: Newest | undefined,
  nowMs: number,
): Promise<FarHost | undefined> {
  const isThere = await requireAccess(relayedHostsIn(spool)).then(
    () => true,
    () => false,
  );
  const about = isThere ? await readHost(spool, host) : undefined;
  if (about === undefined || !isWayOf(about, newest)) return undefined;
  const relay = await readRelay(spool, about.relay);
  // One of its name has a new token or certificate, and has not asked for this host yet.
  const gone = `relay ${about.relayName} (${about.relay}) is not known any more`;
  const silence = relay === undefined ? gone : describeSilence(relay, nowMs);
  const neglect = silence === undefined ? describeNeglect(about, newest, nowMs) : undefined;
  return { about, silence, neglect };
}

const usualEveryMs = 60_000;
/** A host that sends its output itself does so within this time. */
const usualMaxAgeMs = 300_000;
const missedIntervals = 3;
/** A cycle may begin and end late by so much. */
const slackMs = 60_000;

/**
 * Whether what is known of a host comes by the relay that wrote for it last. A record outlives that:
 * hosts move to uploads of their own, to other relays, and to sources that the site asks itself.
 *
 * @param newest the newest output there is of the host
 */
export function isWayOf(
  { fault, everyMs = usualEveryMs }: RelayedHost,
  newest: Newest | undefined,
): boolean {
  if (newest === undefined || newest.origin.startsWith(relayOrigin)) return true;
  // Output that comes otherwise counts for some time; what fails on one way meanwhile is no fault.
  const sinceMs = (fault?.toldAtMs ?? 0) - newest.receivedAt.getTime();
  return sinceMs > Math.max(missedIntervals * everyMs, usualMaxAgeMs);
}

function describeNeglect(about: RelayedHost, newest: Newest | undefined, nowMs: number) {
  const { host, relayName } = about;
  const lastMs = findNeglect(about, newest, nowMs);
  if (lastMs === undefined) return undefined;
  return `nothing of ${host} was taken from relay ${relayName} for ${formatDuration(nowMs - lastMs)}`;
}

/**
 * A relay that is well tells of each of its hosts, be it a fault, before what it told last is too old.
 *
 * @returns when something of the host was taken last, if that is too long ago
 */
export function findNeglect(
  { fault, everyMs = usualEveryMs, maxAgeMs = usualMaxAgeMs }: RelayedHost,
  newest: Newest | undefined,
  nowMs: number,
): number | undefined {
  const broughtMs = newest?.receivedAt.getTime() ?? 0;
  const lastMs = Math.max(broughtMs, fault?.toldAtMs ?? 0);
  const goodMs = Math.max(missedIntervals * everyMs, maxAgeMs) + slackMs;
  const isGood = nowMs <= Math.max(lastMs + goodMs, (fault?.untilMs ?? 0) + slackMs);
  return lastMs === 0 || isGood ? undefined : lastMs;
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

/** Whether a fault says something about now: it is not too long ago, and no output has come since. */
export function isFaultOfNow(
  fault: FarFault | undefined,
  newest: Newest | undefined,
  nowMs: number,
): fault is FarFault {
  if (fault === undefined || nowMs > fault.untilMs + slackMs) return false;
  return newest === undefined || newest.receivedAt.getTime() <= fault.toldAtMs;
}

/**
 * The fault that a relay told, as that of its host now: undefined when it is too long ago, or when
 * output has come since.
 *
 * @param newest as in {@link lookUpRelayed}
 */
export function findFarFault(
  { about, silence }: FarHost,
  newest: Newest | undefined,
  nowMs: number,
): CourierError | undefined {
  const { fault, relayName } = about;
  if (!isFaultOfNow(fault, newest, nowMs)) return undefined;
  const age = formatDuration(Math.max(0, nowMs - fault.atMs));
  const more = silence === undefined ? '' : `; ${silence}`;
  const message = `relay ${relayName}, ${age} ago: ${fault.line}${more}`;
  return new CourierError(fault.code, message, { isSecondHand: true });
}
