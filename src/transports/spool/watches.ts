/** Directories of which the system tells what appears in them (inotify(7)). */

import { type FSWatcher, watch } from 'node:fs';
import { basename } from 'node:path';
import { errorCode } from '../../faults/system-errors.ts';

/**
 * File systems on which other machines write as well, of which this one is told nothing: FUSE, NFS,
 * SMB and CIFS, 9P, Ceph, Lustre, GFS2, OCFS2 (statfs(2)).
 */
const sharedTypes: ReadonlySet<number> = new Set([
  ...[0x65735546, 0x6969, 0x517b, 0xfe534d42, 0xff534d42],
  ...[0x01021997, 0x00c36400, 0x0bd00bd0, 0x01161970, 0x7461636f],
]);

/** @param type of a file system, as statfs(2) says it */
export function isShared(type: number): boolean {
  return sharedTypes.has(type >>> 0);
}

interface Watched {
  readonly identity: string;
  readonly watcher: FSWatcher;
}

/** Hears of a name in a directory; undefined where the directory itself has changed its place. */
type Heard = (directory: string, name: string | undefined) => void;

export class Watches {
  readonly #heard: Heard;
  readonly #watched = new Map<string, Watched>();

  constructor(heard: Heard) {
    this.#heard = heard;
  }

  /**
   * Watches a directory, unless it is watched and still the same one. It has just been looked at,
   * as this call waits for its file system.
   *
   * @param identity tells a directory from one that is made anew in its place
   * @throws what the system says: ENOSPC or EMFILE where it watches no more
   */
  add(directory: string, identity: string): void {
    if (this.#watched.get(directory)?.identity === identity) return;
    this.drop(directory);
    const watcher = watchUnlessGone(directory, (name) => {
      // So it is told that the directory itself was removed or renamed.
      const isItself = name === null || name === basename(directory);
      if (isItself) this.drop(directory);
      this.#heard(directory, isItself ? undefined : name);
    });
    if (watcher === undefined) return;
    watcher.on('error', () => {
      this.drop(directory);
      this.#heard(directory, undefined);
    });
    this.#watched.set(directory, { identity, watcher });
  }

  drop(directory: string): void {
    this.#watched.get(directory)?.watcher.close();
    this.#watched.delete(directory);
  }

  close(): void {
    for (const directory of [...this.#watched.keys()]) this.drop(directory);
  }
}

function watchUnlessGone(
  directory: string,
  heard: (name: string | null) => void,
): FSWatcher | undefined {
  try {
    return watch(directory, (_event, name) => heard(name));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
