/**
 * The newest drop of each host that was accepted and delivered: nothing older is believed again.
 * One small file a host, replaced by rename, and only ever by a later one.
 */

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { CourierError } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import {
  makeDirectory,
  readWholeFile,
  remove,
  removeFile,
  renameFile,
  writeWholeFile,
} from '../files/file-calls.ts';
import type { HostName } from '../names/host-name.ts';
import { requireTrusted } from '../system/trusted-path.ts';
import { PayloadReader, writePayload } from './payload.ts';
import type { SealPlaces } from './places.ts';
import { isStamp } from './stamp.ts';

export interface AcceptedDrop {
  /** A stamp. */
  readonly produced: string;
  /** The id of what it was sealed with. */
  readonly signer: string;
}

/** What is known of the last drop of a host. */
export type LastAccepted = AcceptedDrop | 'none' | 'damaged';

/** A rise that is on disk already, but counts only once it is committed. */
export interface Rise {
  /** @throws CourierError LOCAL */
  commit(): Promise<void>;
  /** Never rejects. */
  discard(): Promise<void>;
}

const noRise: Rise = { commit: async () => {}, discard: async () => {} };

export class AcceptedDrops {
  readonly #directory: string;
  #isChecked = false;

  constructor({ accepted }: Pick<SealPlaces, 'accepted'>) {
    this.#directory = accepted;
  }

  /**
   * What was accepted last of a host.
   *
   * @throws CourierError CONFIG when others may change it; LOCAL
   */
  async last(host: HostName): Promise<LastAccepted> {
    await this.#requireTrusted();
    let bytes: Buffer;
    try {
      bytes = await readWholeFile(this.#pathOf(host));
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return 'none';
      throw asCourierError(error, `reading ${this.#pathOf(host)}`);
    }
    try {
      const reader = new PayloadReader(bytes);
      const produced = reader.take('produced', isStamp);
      const signer = reader.take('signer', /^[0-9a-f]{64}$/);
      reader.end();
      return { produced, signer };
    } catch {
      return 'damaged';
    }
  }

  /**
   * Writes what is to be the last of a host, beside what is.
   *
   * @param last what it was judged by
   * @throws CourierError LOCAL when it cannot be written
   */
  async prepare(host: HostName, drop: AcceptedDrop, last: LastAccepted): Promise<Rise> {
    if (typeof last === 'object' && drop.produced <= last.produced) return noRise;
    const path = this.#pathOf(host);
    const fresh = join(this.#directory, 'new', randomBytes(9).toString('hex'));
    try {
      await this.#write(fresh, drop);
    } catch (error) {
      await remove(fresh, { force: true }).catch(() => undefined);
      throw asCourierError(error, `writing ${path}, which says what was accepted last`);
    }
    return {
      commit: () => this.#commit(host, drop, fresh),
      discard: () => removeFile(fresh).catch(() => undefined),
    };
  }

  /** Forgets a host. @returns whether there was anything */
  async forget(host: HostName): Promise<boolean> {
    try {
      await removeFile(this.#pathOf(host));
      return true;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false;
      throw asCourierError(error, `removing ${this.#pathOf(host)}`);
    }
  }

  async #write(fresh: string, { produced, signer }: AcceptedDrop): Promise<void> {
    const text = writePayload([
      ['produced', produced],
      ['signer', signer],
    ]);
    try {
      await writeWholeFile(fresh, text, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      await makeDirectory(join(this.#directory, 'new'), { recursive: true, mode: 0o700 });
      this.#isChecked = false;
      await this.#requireTrusted();
      await writeWholeFile(fresh, text, { mode: 0o600, flag: 'wx' });
    }
  }

  async #commit(host: HostName, drop: AcceptedDrop, fresh: string): Promise<void> {
    const path = this.#pathOf(host);
    const { withLockFile } = await import('../system/lock-file.ts');
    await withLockFile(join(this.#directory, 'new', `${host}.lock`), async () => {
      const last = await this.last(host);
      const isNewer = typeof last === 'string' || last.produced < drop.produced;
      if (isNewer) await renameFile(fresh, path);
      else await removeFile(fresh);
    }).catch((error: unknown) => {
      throw new CourierError('LOCAL', asCourierError(error, `writing ${path}`).message, {
        cause: error,
      });
    });
  }

  /** Files in it are ours by the way they are made; what may lie above it is looked at once. */
  async #requireTrusted(): Promise<void> {
    if (this.#isChecked) return;
    await requireTrusted(this.#directory);
    this.#isChecked = true;
  }

  /** A host name is safe as a file name; no host is called `new`, or it gets an ending. */
  #pathOf(host: HostName): string {
    return join(this.#directory, `${host}.seal`);
  }
}
