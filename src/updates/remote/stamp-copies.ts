/**
 * The newest stamp of each host, for when the centre is away. It was signed for another nonce, so
 * hosts take it for a cached one, and only until it expires (agent-updates.md#remote-sites).
 */

import { join } from 'node:path';
import { errorCode } from '../../faults/system-errors.ts';
import {
  readDirectory,
  readWholeFile,
  remove,
  renameFile,
  writeWholeFile,
} from '../../files/file-calls.ts';
import type { HostName } from '../../names/host-name.ts';
import { isStamp, toStamp } from '../../sealing/stamp.ts';
import { toFreshPath } from '../../system/durable-files.ts';
import { requireTrusted } from '../../system/trusted-path.ts';
import type { Root } from '../documents/root.ts';
import { type HostStamp, readStamp } from '../documents/stamp.ts';
import { openDocument } from '../documents/verifying.ts';
import { makePrivateDirectory } from '../repository/opening.ts';
import { readSmallFile, writeSmallFile } from '../repository/small-files.ts';

const ending = '.stamp';

export class StampCopies {
  readonly #directory: string;
  readonly #clock: { now(): number };
  readonly #withdrawnPath: string;
  /** Offers issued until then are not handed on: updates were turned off then, for all hosts. */
  #withdrawnUntil: string;
  #isOff = false;

  private constructor(directory: string, clock: { now(): number }, withdrawnUntil: string) {
    this.#directory = directory;
    this.#clock = clock;
    this.#withdrawnPath = join(directory, 'withdrawn');
    this.#withdrawnUntil = withdrawnUntil;
  }

  /** @throws CourierError CONFIG; LOCAL */
  static async open(directory: string, clock: { now(): number }): Promise<StampCopies> {
    await makePrivateDirectory(directory);
    const path = join(directory, 'withdrawn');
    const withdrawn = await readSmallFile(path, (reader) => reader.take('until', isStamp)).catch(
      // Damaged: whatever it said is not later than now, and no reason to answer nobody.
      () => toStamp(new Date(clock.now())),
    );
    const copies = new StampCopies(directory, clock, withdrawn ?? '0'.repeat(14));
    await copies.#prune();
    return copies;
  }

  /** @throws CourierError LOCAL */
  async keep(host: HostName, bytes: Buffer, stamp: HostStamp): Promise<void> {
    await this.#learn(stamp);
    const path = this.#pathOf(host);
    const fresh = toFreshPath(path);
    // Not synced: what a crash takes away is asked for again.
    await writeWholeFile(fresh, bytes, { mode: 0o600 });
    await renameFile(fresh, path);
  }

  /**
   * The stamp that still holds for a host, signatures verified; undefined where there is none.
   *
   * @param root the newest one
   */
  async find(host: HostName, root: Root): Promise<{ bytes: Buffer; stamp: HostStamp } | undefined> {
    const path = this.#pathOf(host);
    await requireTrusted(path);
    try {
      const bytes = await readWholeFile(path);
      const stamp = readStamp(await openDocument(bytes, 'stamp', root));
      if (this.#holds(host, stamp)) return { bytes, stamp };
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
    }
    // Expired, withdrawn, damaged, or signed by a key that is trusted no longer.
    await this.forget(host);
    return undefined;
  }

  async forget(host: HostName): Promise<void> {
    await remove(this.#pathOf(host), { force: true });
  }

  #holds(host: HostName, { audience, decision, expires, issued }: HostStamp): boolean {
    const isOver = expires <= toStamp(new Date(this.#clock.now()));
    const isWithdrawn = decision === 'offer' && issued <= this.#withdrawnUntil;
    return audience === `host:${host}` && !isOver && !isWithdrawn;
  }

  /** One host that hears that updates are off has heard it for all of them. */
  async #learn({ decision, issued }: HostStamp): Promise<void> {
    const wasOff = this.#isOff;
    this.#isOff = decision === 'disabled' || (wasOff && decision !== 'offer');
    if (decision !== 'disabled' || wasOff || issued <= this.#withdrawnUntil) return;
    this.#withdrawnUntil = issued;
    await writeSmallFile(this.#withdrawnPath, [['until', issued]]);
  }

  async #prune(): Promise<void> {
    for (const name of await readDirectory(this.#directory)) {
      if (name === 'withdrawn') continue;
      const path = join(this.#directory, name);
      const text = name.endsWith(ending) ? await readWholeFile(path, 'latin1') : '';
      const [, expires = ''] = /^expires (\d{14})$/m.exec(text) ?? [];
      if (expires <= toStamp(new Date(this.#clock.now()))) await remove(path, { force: true });
    }
  }

  #pathOf(host: HostName): string {
    return join(this.#directory, `${host}${ending}`);
  }
}
