/**
 * A stand-in for Checkmk's Agent Controller as a site sees it on port 6556 (agent-port.md#controller),
 * with the alerts of two generations of rustls.
 */

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { portOf } from '../helpers/free-port.ts';
import { isAllowed, normaliseAddress } from './agent-controller/addresses.ts';
import { toFrame } from './agent-controller/frame.ts';
import type { Misbehaviour } from './agent-controller/misbehaviours.ts';
import {
  makeTerminator,
  type PullConnection,
  type Terminator,
  type TerminatorSettings,
} from './agent-controller/tls-terminator.ts';

export type { PullConnection } from './agent-controller/tls-terminator.ts';

/** Who asked the local agent. */
export interface Asked {
  readonly remote: string;
  /** The address that was connected to. */
  readonly local: string;
}

/** The local agent; a rejection means that it could not be run. */
export type LocalAgent = (asked: Asked) => Promise<Buffer>;

export interface ControllerSettings {
  readonly agent: LocalAgent;
  /** Registrations; without any it is in legacy mode and speaks plain text. */
  readonly connections?: readonly PullConnection[];
  readonly address?: string;
  readonly allowedIps?: readonly string[];
  /** From one address at once. */
  readonly mostConnections?: number;
  /** For marker and handshake; again for writing. */
  readonly timeoutMs?: number;
  readonly versions?: TerminatorSettings['versions'];
  readonly generation?: TerminatorSettings['generation'];
  readonly deviations?: Deviations;
}

/** Where it does not behave. */
export interface Deviations {
  /** In place of the whole exchange. */
  readonly instead?: Misbehaviour;
  /** In place of sending the marker of TLS; calls `next` to go on with the handshake. */
  readonly sendMarker?: (socket: Socket, next: () => void) => void;
  /** In place of the usual frame. */
  readonly frame?: (output: Buffer) => Buffer;
  /** Ends the connection without the close_notify of TLS. */
  readonly endsAbruptly?: boolean;
}

export interface AgentController {
  readonly port: number;
  /** Names asked for in handshakes, oldest first. */
  readonly serverNames: readonly string[];
  /** How many bytes came from connections that have ended. */
  bytesReceived(): number;
  countConnections(): number;
  /** Stops listening and drops every connection; it may start again on its port. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function startAgentController(settings: ControllerSettings): Promise<AgentController> {
  const serverNames: string[] = [];
  const acceptor = new Acceptor(settings, (name) => serverNames.push(name));
  const server = createServer((socket) => acceptor.accept(socket));
  const address = settings.address ?? '127.0.0.1';
  await listen(server, address, 0);
  const port = portOf(server.address());
  return {
    port,
    serverNames,
    bytesReceived: () => acceptor.bytesReceived,
    countConnections: () => acceptor.sockets.size,
    stop: async () => {
      for (const socket of acceptor.sockets) socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
    start: () => listen(server, address, port),
  };
}

/** Lends a controller to `use`. */
export async function withAgentController<Result>(
  settings: ControllerSettings,
  use: (controller: AgentController) => Promise<Result>,
): Promise<Result> {
  const controller = await startAgentController(settings);
  try {
    return await use(controller);
  } finally {
    await controller.stop();
  }
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen({ host, port });
  await once(server, 'listening');
}

const defaults = { mostConnections: 3, timeoutMs: 20_000 };

class Acceptor {
  readonly sockets = new Set<Socket>();
  bytesReceived = 0;
  readonly #settings: ControllerSettings;
  readonly #terminator: Terminator | undefined;

  constructor(settings: ControllerSettings, onServerName: (name: string) => void) {
    this.#settings = settings;
    const { connections = [], versions = {}, generation = '0.23' } = settings;
    this.#terminator =
      connections.length === 0
        ? undefined
        : makeTerminator(connections, { versions, generation, onServerName });
  }

  accept(socket: Socket): void {
    // A site that hangs up in the middle is none of the controller's business.
    socket.on('error', () => undefined);
    if (!this.#mayStay(socket)) return void socket.destroy();
    this.sockets.add(socket);
    socket.once('close', () => {
      this.sockets.delete(socket);
      this.bytesReceived += socket.bytesRead;
    });
    const { instead } = this.#settings.deviations ?? {};
    if (instead !== undefined) instead(socket);
    else if (this.#terminator === undefined) void this.#servePlain(socket);
    else this.#serveTls(socket, this.#terminator);
  }

  #mayStay(socket: Socket): boolean {
    const { allowedIps = [], mostConnections = defaults.mostConnections } = this.#settings;
    const remote = remoteOf(socket);
    const others = [...this.sockets].filter((other) => remoteOf(other) === remote);
    return isAllowed(remote, allowedIps) && others.length < mostConnections;
  }

  /** Everything is collected before a byte is sent, and no marker is added. */
  async #servePlain(socket: Socket): Promise<void> {
    socket.resume();
    const output = await this.#collect(socket);
    if (output === undefined) return void socket.destroy();
    this.#limitTime(socket);
    socket.end(output);
  }

  /** The agent works while both sides greet each other. */
  #serveTls(socket: Socket, terminator: Terminator): void {
    const { sendMarker = sendTlsMarker, frame = toFrame } = this.#settings.deviations ?? {};
    const collected = this.#collect(socket);
    const stopWatch = this.#limitTime(socket);
    sendMarker(socket, () =>
      terminator.accept(socket, async (secured) => {
        stopWatch();
        secured.resume();
        const output = await collected;
        if (output === undefined) return void socket.destroy();
        this.#limitTime(socket);
        this.#finish(secured, socket, frame(output));
      }),
    );
  }

  /** Ending in the same turn as the handshake would lose the close_notify of TLS 1.3. */
  #finish(secured: TLSSocket, socket: Socket, frame: Buffer): void {
    if (this.#settings.deviations?.endsAbruptly) secured.write(frame, () => socket.end());
    else setImmediate(() => secured.end(frame));
  }

  #collect(socket: Socket): Promise<Buffer | undefined> {
    const local = normaliseAddress(socket.localAddress ?? '');
    return this.#settings.agent({ remote: remoteOf(socket), local }).catch(() => undefined);
  }

  #limitTime(socket: Socket): () => void {
    const { timeoutMs = defaults.timeoutMs } = this.#settings;
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    const stop = () => clearTimeout(timer);
    socket.once('close', stop);
    return stop;
  }
}

function remoteOf(socket: Socket): string {
  return normaliseAddress(socket.remoteAddress ?? '');
}

function sendTlsMarker(socket: Socket, next: () => void): void {
  socket.write('16', next);
}
