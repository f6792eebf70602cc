/**
 * The Unix socket that tells the status of the collector, and keeps a second collector from
 * starting.
 */

import { once } from 'node:events';
import { chmodSync, existsSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { CourierError } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import { withLockFile } from '../system/lock-file.ts';

/** A client that does not ask within this time is cut off. */
const patienceMs = 5000;
const longestRequest = 400;

/** The questions, one line each, and their answers; what stands behind the first blank is asked about. */
export type Answers = ReadonlyMap<string, (about: string) => string>;

export class ControlSocket {
  readonly #path: string;
  readonly #answers: Answers;
  #server: Server;
  readonly #sockets = new Set<Socket>();

  /** @param answers the answer to each question, by its name */
  constructor(path: string, answers: Answers) {
    this.#path = path;
    this.#answers = answers;
    this.#server = this.#makeServer();
  }

  #makeServer(): Server {
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));
    // All host checks of the site may arrive while the event loop is busy for a moment.
    server.maxConnections = 1024;
    // A connection that could not be accepted is one question without an answer, and no reason to
    // end.
    server.on('error', () => undefined);
    return server;
  }

  /**
   * When several collectors start together, each checks and begins to listen before the next one
   * checks.
   *
   * @throws CourierError LOCAL when another collector is running, or it cannot be made
   */
  async listen(): Promise<void> {
    await withLockFile(`${this.#path}.lock`, () => this.#listenAlone());
  }

  async #listenAlone(): Promise<void> {
    if (await isServed(this.#path)) {
      throw new CourierError('LOCAL', `another collector is running: it answers at ${this.#path}`);
    }
    try {
      // What a collector that was killed has left behind.
      rmSync(this.#path, { force: true });
      const listening = once(this.#server, 'listening');
      this.#server.listen(this.#path);
      await listening;
      chmodSync(this.#path, 0o600);
    } catch (error) {
      throw asCourierError(error, `listening at ${this.#path}`);
    }
  }

  /**
   * Listens again when the socket is gone, for example because somebody has emptied its directory.
   *
   * @throws CourierError as {@link listen}
   */
  async renew(): Promise<void> {
    if (existsSync(this.#path)) return;
    this.#server.close();
    this.#server = this.#makeServer();
    await this.listen();
  }

  /** May be called twice; removes the socket. */
  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let request = '';
    const answerOnce = () => {
      socket.removeAllListeners('data');
      const [, question = '', about = ''] = /^(\w+)(?: (.+))?\n/.exec(request) ?? [];
      const answer = this.#answers.get(question);
      if (answer !== undefined) socket.end(answer(about));
      else socket.destroy();
    };
    socket.setEncoding('latin1');
    socket.setTimeout(patienceMs, () => socket.destroy());
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('end', () => socket.end());
    socket.on('data', (chunk) => {
      request += chunk;
      if (request.includes('\n') || request.length > longestRequest) answerOnce();
    });
  }
}

/** Whether somebody listens there. */
function isServed(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (error) => {
      const code = errorCode(error) ?? '';
      if (['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'].includes(code)) resolve(false);
      else reject(asCourierError(error, `connecting to ${path}`));
    });
  });
}
