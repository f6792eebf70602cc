/**
 * What goes into the spool. The newest output is ready in memory anyway; it is needed on disk for
 * readers of the spool, and for the day when every source fails. So it is put there now and then,
 * and once more before a fault takes its place in memory.
 */

import type { CommandContext } from '../cli/command.ts';
import type { Clock } from '../clock.ts';
import type { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { Logger } from '../logging/log.ts';
import type { ReadyDirectory } from '../ready/ready-directory.ts';
import { describeOlder } from '../spool/newest.ts';
import { collectorOrigin } from '../spool/origins.ts';
import { readSpooled } from '../spool/reading.ts';
import type { SpooledOutput } from '../spool/record.ts';
import type { Spool } from '../spool/spool.ts';
import type { Entry } from './entry.ts';

/** How long the newest output may be missing in the spool; writing it this seldom costs little. */
const longestUnkeptMs = 600_000;

/** What is needed to keep output. */
export interface Keepers {
  /** The log in it is for the fetches. */
  readonly context: CommandContext;
  /** For changes in the state of a host. */
  readonly log: Logger;
  readonly ready: ReadyDirectory;
  readonly spool: Spool;
  readonly spoolDirectory: string;
  /** How putting output into the spool went. */
  readonly noteKept: (fault: CourierError | undefined) => void;
}

/**
 * Whether the spool has no output of the host, or has output that will soon be too old for its
 * readers.
 */
export function isToBeKept({ keptAtMs, route }: Entry, clock: Clock): boolean {
  if (keptAtMs === undefined) return true;
  const longestMs = Math.min(longestUnkeptMs, route.settings.maxAgeMs / 2);
  return clock.monotonic() - keptAtMs >= longestMs;
}

/** Puts the newest good output of a host into the spool. A full disk is no fault of the host. */
export async function keep(entry: Entry, output: Buffer, keepers: Keepers): Promise<void> {
  const { host } = entry.target;
  const { lastGood } = entry;
  if (lastGood === undefined) return;
  const { clock } = keepers.context;
  entry.givenUpKeeping();
  try {
    const producedAt = new Date(lastGood.producedAtMs);
    const { receivedAt } = lastGood;
    const origin = `${collectorOrigin}${lastGood.source}`;
    const kept = { host, output, producedAt, receivedAt, origin };
    const newer = await keepers.spool.put(kept, entry.route.settings.maxSkewMs);
    if (newer !== undefined) keepers.log.info({ host }, describeOlder(kept, newer));
    entry.kept(clock.monotonic());
    keepers.noteKept(undefined);
  } catch (thrown) {
    keepers.noteKept(asCourierError(thrown, 'keeping output'));
  }
}

/** Puts output that is still ready, and not yet in the spool, there before it is replaced. */
export async function keepLast(entry: Entry, keepers: Keepers): Promise<void> {
  if (!entry.isUnkept || entry.lastGood === undefined) return;
  entry.givenUpKeeping();
  try {
    const ready = keepers.ready.readBack(entry.target.host);
    const { aheadBytes, bytes } = entry.lastGood;
    if (ready !== undefined) {
      await keep(entry, ready.subarray(aheadBytes, aheadBytes + bytes), keepers);
    }
  } catch (thrown) {
    const { code, message } = asCourierError(thrown, 'keeping output');
    keepers.log.warn({ host: entry.target.host, code }, message);
  }
}

/**
 * HTTP tells times in whole seconds, so the same file can seem up to a second older or newer at
 * each fetch. Times that differ by less than this count as equal, which saves a look at the disk.
 */
const sameMs = 2000;

/**
 * Kept output of a host, if it was produced later than what came now and may still go out. The disk
 * is read only when later output is known to have been there. Output that was received in the
 * future was here before the clock was set back; its times say nothing any more.
 */
export async function findNewer(
  entry: Entry,
  producedAt: Date,
  keepers: Keepers,
): Promise<SpooledOutput | undefined> {
  const { maxAgeMs, maxSkewMs } = entry.route.settings;
  const inSpool = keepers.spool.newest(entry.target.host, maxSkewMs)?.producedAt.getTime() ?? 0;
  const newestMs = Math.max(inSpool, entry.lastGood?.producedAtMs ?? 0);
  const nowMs = keepers.context.clock.now();
  const mayGoOut = (ms: number) => ms >= producedAt.getTime() + sameMs && nowMs - ms <= maxAgeMs;
  const isBeforeSetBack = (receivedAt: Date) => receivedAt.getTime() >= nowMs + sameMs;
  const { receivedAt = new Date(0) } = entry.lastGood ?? {};
  if (!mayGoOut(newestMs) || isBeforeSetBack(receivedAt)) return undefined;
  try {
    const kept = await readLast(entry, keepers);
    if (kept === undefined || isBeforeSetBack(kept.receivedAt)) return undefined;
    return mayGoOut(kept.producedAt.getTime()) ? kept : undefined;
  } catch (thrown) {
    const { code, message } = asCourierError(thrown, 'looking for newer output');
    keepers.log.warn({ host: entry.target.host, code }, message);
    return undefined;
  }
}

/** The last good output of a host, wherever it was kept. */
export async function readLast(entry: Entry, keepers: Keepers): Promise<SpooledOutput | undefined> {
  await keepLast(entry, keepers);
  const { log, spoolDirectory } = keepers;
  const { maxOutputBytes, maxSkewMs } = entry.route.settings;
  const reading = { log, clock: keepers.context.clock, maxOutputBytes, maxSkewMs };
  return readSpooled(spoolDirectory, entry.target.host, reading);
}
