/** Packages on their way to hosts: from disk, in pieces, and never for ever. */

import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../../faults/system-errors.ts';
import { closeFile, fileStatus, openFile, pathStatus } from '../../files/file-calls.ts';
import type { Answer, Exchange } from '../../receiver/exchange.ts';
import { Refusal } from '../../receiver/refusal.ts';
import { requireTrusted } from '../../system/trusted-path.ts';
import { pathOfKept } from '../repository/by-digest.ts';
import type { UpdatePlaces } from '../repository/places.ts';

/** How long a host may read nothing of a package. */
const stallMs = 60_000;
/** Of a package: what a connection of 20 kB/s needs for the largest there may be. */
const longestMs = 3_600_000;

/** Whether a package must not go over plain HTTP. */
export async function isConfidential({ packages }: UpdatePlaces, sha256: string): Promise<boolean> {
  try {
    await pathStatus(`${pathOfKept(packages, sha256)}.confidential`);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** What happens on the way. */
export interface Delivery {
  /** All of it has been handed to the network. */
  readonly done: () => void;
  /** Called once, however it ends. */
  readonly ended: () => void;
}

/**
 * The answer that brings a package; undefined where there is none. In memory there are a few pieces
 * of it at a time, whatever its size.
 *
 * @throws CourierError CONFIG when others may change it; LOCAL
 * @throws Refusal 400 when nobody is there any more
 */
export async function sendPackage(
  path: string,
  { response }: Exchange,
  { done, ended }: Delivery,
): Promise<Answer | undefined> {
  await requireTrusted(path);
  const opened = await open(path);
  if (opened === undefined) return undefined;
  const { fd, length } = opened;
  if (response.closed) {
    // No event comes any more that would give the place back.
    await closeFile(fd);
    throw new Refusal('bad-request', 'the connection was lost before the package was sent');
  }
  const body = createReadStream(path, { fd, autoClose: true });
  const giveUp = setTimeout(() => response.destroy(), longestMs);
  const watch = watchProgress(
    () => response.socket?.bytesWritten,
    () => response.destroy(),
  );
  response.once('close', () => {
    clearTimeout(giveUp);
    clearInterval(watch);
    // A host that has all of it may close before our end of it is done.
    if (response.writableFinished || body.bytesRead === length) done();
    body.destroy();
    ended();
  });
  return { status: 200, body, length, type: 'application/octet-stream' };
}

async function open(
  path: string,
): Promise<{ readonly fd: number; readonly length: number } | undefined> {
  try {
    const fd = await openFile(path, 'r');
    const { size } = await fileStatus(fd).catch(async (error: unknown) => {
      await closeFile(fd);
      throw error;
    });
    return { fd, length: size };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function watchProgress(read: () => number | undefined, giveUp: () => void): NodeJS.Timeout {
  let before = read();
  const timer = setInterval(() => {
    const now = read();
    if (now === before) giveUp();
    before = now;
  }, stallMs);
  return timer.unref();
}

/** Where a package is. */
export function packagePath({ packages }: UpdatePlaces, sha256: string): string {
  return join(packages, sha256);
}
