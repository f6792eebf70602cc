/** The fetched file on our side. */

import * as fs from 'node:fs';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { pathStatus, readWholeFile } from '../../files/file-calls.ts';

/** A file that is being written, and how long it may become. */
interface Limit {
  readonly path: string;
  readonly maxBytes: number;
  /** What it is, for the message. */
  readonly shown: string;
}

/** A file that is complete. */
export interface ReadFile {
  readonly output: Buffer;
  readonly stats: fs.Stats;
}

/**
 * All of a file that is not too large.
 *
 * @throws CourierError TOO_LARGE; LOCAL
 */
export async function readBounded({ path, maxBytes, shown }: Limit): Promise<ReadFile> {
  try {
    const stats = await pathStatus(path);
    if (stats.size > maxBytes) throw tooLarge(shown, maxBytes);
    return { output: await readWholeFile(path), stats };
  } catch (error) {
    throw asCourierError(error, `reading ${path}`);
  }
}

/** A fast network brings a few megabytes in this time. */
const pauseMs = 20;

/**
 * Gives `use` a signal that also aborts when the file grows too long.
 *
 * @throws CourierError TOO_LARGE; whatever `use` throws
 */
export async function withSizeLimit<Result>(
  { path, maxBytes, shown }: Limit,
  signal: AbortSignal,
  use: (limited: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const tooLong = new AbortController();
  const look = () =>
    fs.stat(path, (_, stats) => {
      if (stats !== undefined && stats.size > maxBytes) tooLong.abort(tooLarge(shown, maxBytes));
    });
  const timer = setInterval(look, pauseMs);
  try {
    return await use(AbortSignal.any([signal, tooLong.signal]));
  } finally {
    clearInterval(timer);
  }
}

function tooLarge(shown: string, maxBytes: number): CourierError {
  return new CourierError('TOO_LARGE', `${shown} has more than the allowed ${maxBytes} bytes`);
}
