/** Reads one dropped file, and tells whether it has been written completely. */

import type { Clock } from '../../clock.ts';
import { CourierError } from '../../faults/errors.ts';
import { errorCode } from '../../faults/system-errors.ts';
import {
  type DropEntry,
  type OpenedPath,
  readUnchanged,
  requireRegularFile,
  requireWithin,
} from './opened-path.ts';
import { computeSum, readSum, toSumEntry } from './sum-file.ts';

export interface Drop {
  readonly output: Buffer;
  readonly path: string;
  readonly modifiedAt: Date;
}

/** The result of a look: output, or a fault that may be over in a moment. */
export type Look<Found = Drop> = { readonly drop: Found } | { readonly unsettled: CourierError };

/** The conditions that a drop must meet. */
export interface DropRules {
  readonly maxOutputBytes: number;
  readonly requireSha256: boolean;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/**
 * Reads the file at a place.
 *
 * @param directory the file must be in it, or below it
 * @throws CourierError TOO_LARGE, MALFORMED, REFUSED
 */
export async function readDrop(
  entry: DropEntry,
  place: OpenedPath,
  directory: Buffer,
  rules: DropRules,
): Promise<Look> {
  requireWithin(directory, entry, place);
  requireRegularFile(entry, place);
  requireSize(entry, place, rules.maxOutputBytes);
  const output = await readUnchanged(place, rules).catch(undefinedIfStale);
  if (output === undefined) return { unsettled: toChanged(entry) };
  const unsettled = await findSumFault(entry, output, directory, rules);
  if (unsettled !== undefined) return { unsettled };
  const modifiedAt = new Date(Number(place.stats.mtimeNs / 1_000_000n));
  return { drop: { output, path: entry.shown, modifiedAt } };
}

function requireSize(entry: DropEntry, { stats }: OpenedPath, maxOutputBytes: number): void {
  if (stats.size <= maxOutputBytes) return;
  throw new CourierError(
    'TOO_LARGE',
    `${entry.shown} has ${stats.size} bytes, allowed are ${maxOutputBytes}`,
  );
}

/**
 * Undefined for ESTALE: a file that was replaced on an NFS server vanishes while other clients read
 * it.
 */
function undefinedIfStale(error: unknown): undefined {
  if (errorCode(error) !== 'ESTALE') throw error;
}

function toChanged({ shown }: DropEntry): CourierError {
  return new CourierError(
    'TIMEOUT',
    `${shown} changes whenever it is read; write under another name, then rename`,
  );
}

/** Why output and its sum do not match: finally, or because one of the two has not arrived yet. */
async function findSumFault(
  entry: DropEntry,
  output: Buffer,
  directory: Buffer,
  rules: DropRules,
): Promise<CourierError | undefined> {
  const sumEntry = toSumEntry(entry);
  const expected = await readSum(sumEntry, directory, rules);
  if (expected instanceof CourierError) return expected;
  if (expected === undefined) {
    if (!rules.requireSha256) return undefined;
    return new CourierError('MALFORMED', `there is no ${sumEntry.shown}, and one is required`);
  }
  const actual = await computeSum(output);
  if (actual === expected) return undefined;
  const sums = `sum ${shorten(actual)}, but ${sumEntry.shown} says ${shorten(expected)}`;
  return new CourierError('MALFORMED', `${entry.shown} has the ${sums}`);
}

function shorten(sum: string): string {
  return `${sum.slice(0, 8)}…`;
}
