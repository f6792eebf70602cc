/** Files by the SHA-256 of what is in them, up to a size: those not asked for longest go first. */

import { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { pathStatus, readDirectory, readWholeFile, remove } from '../../files/file-calls.ts';
import { fileVersion } from '../../files/file-version.ts';
import type { Logger } from '../../logging/log.ts';
import { isFreshPath } from '../../system/durable-files.ts';
import { digestText } from '../documents/words.ts';
import { keepBytes, pathOfKept, sha256Of } from '../repository/by-digest.ts';
import { makePrivateDirectory } from '../repository/opening.ts';

interface Kept {
  readonly bytes: number;
  /** What the file looked like when its digest was last compared; undefined before that. */
  readonly seen: string | undefined;
}

export class DigestCache {
  readonly #directory: string;
  readonly #mostBytes: number;
  readonly #log: Logger;
  /** The one asked for longest ago comes first. */
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  private constructor(directory: string, mostBytes: number, log: Logger) {
    this.#directory = directory;
    this.#mostBytes = mostBytes;
    this.#log = log;
  }

  /** @throws CourierError CONFIG when others may look into the directory; LOCAL */
  static async open(directory: string, mostBytes: number, log: Logger): Promise<DigestCache> {
    const cache = new DigestCache(directory, mostBytes, log);
    await makePrivateDirectory(directory);
    await cache.#list();
    await cache.#makeRoom();
    return cache;
  }

  /** Of all that is kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Where the file with a digest is, after its digest has been compared if it has changed since;
   * undefined where there is none.
   */
  async find(digest: string): Promise<string | undefined> {
    const kept = this.#kept.get(digest);
    if (kept === undefined) return undefined;
    const path = pathOfKept(this.#directory, digest);
    const seen = await this.#compare(path, digest, kept).catch((error: unknown) => {
      const { code, message } = asCourierError(error, `reading ${path}`);
      this.#log.warn({ code, file: path }, `${message}; it is fetched again`);
      return undefined;
    });
    // It may have made room, or have been kept anew, while we looked.
    const now = this.#kept.get(digest);
    if (seen === undefined) {
      if (now === kept) await this.#drop(digest);
      return undefined;
    }
    if (now === undefined) return undefined;
    // Behind all others.
    this.#kept.delete(digest);
    this.#kept.set(digest, { bytes: now.bytes, seen });
    return path;
  }

  /**
   * Keeps bytes whose digest is known to be right.
   *
   * @throws CourierError LOCAL
   */
  async keep(digest: string, bytes: Buffer): Promise<void> {
    await keepBytes(this.#directory, bytes);
    this.#forget(digest);
    this.#kept.set(digest, { bytes: bytes.length, seen: undefined });
    this.#bytes += bytes.length;
    await this.#makeRoom(digest);
  }

  async #compare(path: string, digest: string, { seen }: Kept): Promise<string> {
    const now = fileVersion(await pathStatus(path));
    if (now === seen) return now;
    if (sha256Of(await readWholeFile(path)) === digest) return now;
    throw new CourierError('LOCAL', `${path} is damaged: it is not what was kept under that name`);
  }

  async #makeRoom(spared?: string): Promise<void> {
    for (const digest of [...this.#kept.keys()]) {
      if (this.#bytes <= this.#mostBytes) return;
      if (digest !== spared) await this.#drop(digest);
    }
  }

  /** Whoever is reading it still gets all of it. */
  async #drop(digest: string): Promise<void> {
    this.#forget(digest);
    await remove(pathOfKept(this.#directory, digest), { force: true });
  }

  #forget(digest: string): void {
    this.#bytes -= this.#kept.get(digest)?.bytes ?? 0;
    this.#kept.delete(digest);
  }

  /** What an earlier process has left, the oldest first. */
  async #list(): Promise<void> {
    const found: { readonly digest: string; readonly bytes: number; readonly at: number }[] = [];
    for (const name of await readDirectory(this.#directory)) {
      const path = `${this.#directory}/${name}`;
      if (isFreshPath(name)) await remove(path, { force: true });
      if (!digestText.test(name)) continue;
      try {
        const { size, mtimeMs } = await pathStatus(path);
        found.push({ digest: name, bytes: size, at: mtimeMs });
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw asCourierError(error, `reading ${path}`);
      }
    }
    for (const { digest, bytes } of found.sort((a, b) => a.at - b.at)) {
      this.#kept.set(digest, { bytes, seen: undefined });
      this.#bytes += bytes;
    }
  }
}
