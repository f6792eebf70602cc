/** Files of records: durable, and out of the way when damaged. */

import { basename, dirname, join } from 'node:path';
import { errorCode } from '../../faults/system-errors.ts';
import {
  closeFile,
  makeDirectory,
  openFile,
  renameFile,
  syncAll,
  writeWholeFile,
} from '../../files/file-calls.ts';
import type { Logger } from '../../logging/log.ts';
import { tidyBroken } from '../../spool/inventory.ts';
import { makeBrokenName } from '../../spool/names.ts';

/** A new file only its owner can read, on disk when this resolves. */
export async function writeDurably(path: string, text: string): Promise<void> {
  await withDescriptor(await openFile(path, 'wx', 0o600), async (descriptor) => {
    await writeWholeFile(descriptor, text);
    await syncAll(descriptor);
  });
}

/** Moves a damaged file to `broken`, where somebody may look at it, and says so. Never rejects. */
export async function setAside(
  path: string,
  broken: string,
  why: string,
  log: Logger,
): Promise<void> {
  const kind = basename(dirname(path));
  const aside = join(broken, makeBrokenName(`${kind}-${basename(path)}`));
  try {
    await makeDirectory(broken, { recursive: true, mode: 0o700 });
    await renameFile(path, aside);
    log.warn({}, `${why}; the file is now ${aside}`);
    tidyBroken(broken, log);
  } catch (error) {
    log.warn({}, `${why}; it cannot be set aside: ${errorCode(error) ?? String(error)}`);
  }
}

async function withDescriptor(
  descriptor: number,
  use: (descriptor: number) => Promise<void>,
): Promise<void> {
  try {
    await use(descriptor);
  } finally {
    await closeFile(descriptor);
  }
}
