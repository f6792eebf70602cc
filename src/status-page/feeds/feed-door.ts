/**
 * The socket at which a page in another process of the same user asks. What answers there is loaded for
 * the first that comes: most never hear of any.
 */

import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../../clock.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { remove } from '../../files/file-calls.ts';
import type { Logger } from '../../logging/log.ts';
import { onAbort } from '../../system/on-abort.ts';
import { listenAtPath } from '../web/unix-listening.ts';

const retryMs = 30_000;
/** Pages that ask at the same time; each needs two. */
const mostConnections = 32;
/** Whoever says nothing for so long, or does not read, is let go. */
const idleMs = 20_000;

interface DoorSettings {
  readonly path: string;
  /** Loads what answers. */
  readonly load: () => Promise<{ accept(socket: Socket): void }>;
  readonly clock: Clock;
  readonly log: Logger;
}

export class FeedDoor {
  readonly #settings: DoorSettings;
  readonly #sockets = new Set<Socket>();
  #told: string | undefined;

  constructor(settings: DoorSettings) {
    this.#settings = settings;
  }

  /** Serves until the signal aborts. Never rejects: without it pages elsewhere say that it is absent. */
  async run(signal: AbortSignal): Promise<void> {
    const { path, clock } = this.#settings;
    while (!signal.aborted) {
      // Nothing is read before there is somebody who answers.
      const server = createServer({ pauseOnConnect: true }, (socket) => void this.#take(socket));
      server.maxConnections = mostConnections;
      try {
        await listenAtPath(server, path);
        server.on('error', () => undefined);
        // It may have been ended while it came to listen.
        if (!signal.aborted) await new Promise<void>((resolve) => onAbort(signal, resolve));
        this.#close(server);
        await remove(path, { force: true }).catch(() => undefined);
      } catch (thrown) {
        this.#close(server);
        this.#tell(asCourierError(thrown, `listening at ${path}`).message);
        await clock.sleep(retryMs, signal).catch(() => undefined);
      }
    }
  }

  #close(server: Server): void {
    server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #tell(message: string): void {
    const { log } = this.#settings;
    if (this.#told !== message) log.info({}, `status pages elsewhere cannot ask: ${message}`);
    this.#told = message;
  }

  /** Never rejects. */
  async #take(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.setTimeout(idleMs, () => socket.destroy());
    try {
      const { accept } = await this.#settings.load();
      if (socket.destroyed) return;
      accept(socket);
      socket.resume();
    } catch (thrown) {
      socket.destroy();
      this.#tell(asCourierError(thrown, 'loading what answers them').message);
    }
  }
}
