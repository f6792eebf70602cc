/** Keeps room for senders, however many connections are idle. */

import type { Server, Socket } from 'node:net';
import { addressOfSocket } from './exchange.ts';

interface Connection {
  readonly socket: Socket;
  readonly address: string;
  /** Requests under way on it. */
  busy: number;
  /** No request has come yet, but one may be under way: perhaps it is not idle at all. */
  isNew: boolean;
  /** Called when no request is under way any more. */
  whenIdle?: () => void;
}

export interface ConnectionLimits {
  readonly maxConnections: number;
  readonly addressConnections: number;
  /** Whether an address is that of a proxy, which has no limit of its own. */
  readonly isProxy: (address: string) => boolean;
}

/**
 * Keeps the number of connections within limits, of each address and of all. When there is no room
 * for a new one, the idle one that has been there longest goes, of the address that has most; when
 * none is idle, the new one. So silent connections keep nobody out.
 */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #tellFull: (why: string) => void;
  /** In the order they came, or last finished a request. */
  readonly #all = new Map<string, Connection>();
  readonly #counts = new Map<string, number>();

  /** @param tellFull hears of each connection that is closed because there are too many */
  constructor(limits: ConnectionLimits, tellFull: (why: string) => void = () => undefined) {
    this.#limits = limits;
    this.#tellFull = tellFull;
  }

  get count(): number {
    return this.#all.size;
  }

  watch(server: Server): void {
    server.on('connection', (socket: Socket) => this.#add(socket));
  }

  /** A request has begun on the connection; what comes back says that it is over. */
  begin(socket: Socket): () => void {
    const key = keyOf(socket);
    const connection = this.#all.get(key);
    if (connection === undefined) return () => undefined;
    connection.busy += 1;
    connection.isNew = false;
    return () => {
      connection.busy -= 1;
      if (connection.busy === 0) connection.whenIdle?.();
      if (this.#all.get(key) !== connection) return;
      this.#all.delete(key);
      this.#all.set(key, connection);
    };
  }

  /** Does something with a connection at once, or when the answers under way on it have left. */
  onceIdle(socket: Socket, work: () => void): void {
    const connection = this.#all.get(keyOf(socket));
    if (connection === undefined || connection.busy === 0) work();
    else connection.whenIdle = work;
  }

  closeAll(): void {
    for (const { socket } of this.#all.values()) socket.destroy();
  }

  #add(socket: Socket): void {
    const address = addressOfSocket(socket);
    const mine = this.#counts.get(address) ?? 0;
    const { maxConnections, addressConnections, isProxy } = this.#limits;
    // Behind a proxy there are many senders; its requests name their addresses.
    const isFull = mine >= addressConnections && !isProxy(address);
    const hasRoom =
      (!isFull || this.#shed((one) => one.address === address)) &&
      (this.#all.size < maxConnections || this.#shedOfMost());
    if (!hasRoom) {
      this.#tellFull(
        mine < addressConnections
          ? `a connection was closed at once: ${this.#all.size} are busy (--max-connections)`
          : `a connection of ${address} was closed at once: ${mine} are busy (--address-connections)`,
      );
      socket.destroy();
      return;
    }
    const key = keyOf(socket);
    const connection = { socket, address, busy: 0, isNew: true };
    this.#all.set(key, connection);
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1);
    socket.once('close', () => this.#drop(key, connection));
  }

  /** @returns whether one was idle */
  #shedOfMost(): boolean {
    let [most, count] = ['', 0];
    for (const [address, own] of this.#counts) if (own > count) [most, count] = [address, own];
    return this.#shed(({ address }) => address === most) || this.#shed(() => true);
  }

  /** @returns whether one was idle */
  #shed(isCandidate: (connection: Connection) => boolean): boolean {
    for (const [key, connection] of this.#all) {
      if (connection.busy > 0 || !isCandidate(connection)) continue;
      this.#drop(key, connection);
      connection.socket.destroy();
      if (connection.isNew) {
        const what = `a connection of ${connection.address} was closed before it asked for anything`;
        this.#tellFull(`${what}: there is room for no more than ${this.#all.size + 1}`);
      }
      return true;
    }
    return false;
  }

  #drop(key: string, connection: Connection): void {
    if (this.#all.get(key) !== connection) return;
    this.#all.delete(key);
    const left = (this.#counts.get(connection.address) ?? 1) - 1;
    if (left === 0) this.#counts.delete(connection.address);
    else this.#counts.set(connection.address, left);
  }
}

/** The TLS socket and the one below it are two objects with the same ends. */
function keyOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localPort}`;
}
