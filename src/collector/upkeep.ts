/** What the collector cleans up, and what it creates again when somebody has removed it. */

import type { Clock } from '../clock.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { HostName } from '../names/host-name.ts';
import type { ReadyDirectory } from '../ready/ready-directory.ts';
import type { ControlSocket } from './control-socket.ts';
import type { SpoolRoom } from './spool-room.ts';
import type { TransportPool } from './transport-pool.ts';
import type { Trouble, Troubles } from './troubles.ts';

interface Upkept {
  readonly clock: Clock;
  readonly pool: TransportPool;
  readonly ready: ReadyDirectory;
  readonly spoolRoom: SpoolRoom;
  readonly socket: ControlSocket;
  readonly troubles: Troubles;
  /** Whether a host is still asked. */
  isThere(host: HostName): boolean;
}

export class Upkeep {
  readonly #upkept: Upkept;
  #running: Promise<void> | undefined;

  constructor(upkept: Upkept) {
    this.#upkept = upkept;
  }

  /** Resolves when no cleaning up runs. */
  get tidied(): Promise<void> {
    return this.#running ?? Promise.resolve();
  }

  /**
   * Runs one cleaning up at a time, beside the cycles: a disk that hangs delays no host. Never
   * rejects.
   */
  tidy(): Promise<void> {
    this.#running ??= this.#tidyAll().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Never rejects. */
  removeReady(host: HostName): void {
    void this.#tryTo('removing', () => this.#upkept.ready.remove(host));
  }

  async #tidyAll(): Promise<void> {
    const { pool, ready, spoolRoom, socket, clock, isThere } = this.#upkept;
    pool.tidy();
    const isSwept = await this.#tryTo('sweeping', () => ready.sweep());
    if (isSwept) await this.#tryTo('answering', () => socket.renew());
    await this.#tryTo('tidying', () => spoolRoom.tidy(isThere, clock.now()));
  }

  /** @returns whether it went well */
  async #tryTo(kind: Trouble, act: () => void | Promise<void>): Promise<boolean> {
    const { troubles } = this.#upkept;
    try {
      await act();
      troubles.note(kind, undefined);
      return true;
    } catch (thrown) {
      troubles.note(kind, asCourierError(thrown, kind));
      return false;
    }
  }
}
