/** The bytes of a broker without messages that are too large: those who follow must not hang up for one. */

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { CourierError } from '../../faults/errors.ts';

/** The type of a packet, its first four bits, and the flag DUP of a PUBLISH: MQTT 5, 2.1.2 and 3.3.1. */
const publish = 3;
const dupFlag = 0b1000;

interface Packet {
  readonly firstByte: number;
  readonly length: number;
}

/**
 * In the place of a PUBLISH that is too large comes one with its topic and flags, with the number of
 * its bytes for a payload, and marked by DUP. Only with QoS 0, where DUP has no meaning (MQTT 5,
 * 3.3.1.1) and nobody waits for an answer.
 */
class PacketSieve {
  readonly #mostBytes: number;
  readonly #version: number;
  #header: number[] = [];
  #leftBytes = 0;
  /** The packet that is being left out, and its topic as far as it has come. */
  #leftOut: (Packet & { name: Buffer }) | undefined;

  constructor(mostBytes: number, version: number) {
    this.#mostBytes = mostBytes;
    this.#version = version;
  }

  /**
   * @returns what of it goes on
   * @throws CourierError PEER for a packet that is too long and holds no message
   */
  pass(piece: Buffer): readonly Buffer[] {
    const passed: Buffer[] = [];
    for (let at = 0; at < piece.length; ) {
      if (this.#leftBytes === 0) {
        passed.push(...this.#readHeader(piece[at] ?? 0));
        at += 1;
        continue;
      }
      const part = piece.subarray(at, at + this.#leftBytes);
      at += part.length;
      this.#leftBytes -= part.length;
      passed.push(...(this.#leftOut === undefined ? [part] : this.#readName(part, this.#leftOut)));
    }
    return passed;
  }

  /** One byte of type and flags, then the length in seven bits a byte, the lowest first: MQTT 5, 2.1. */
  #readHeader(byte: number): readonly Buffer[] {
    const header = [...this.#header, byte];
    this.#header = header;
    const isLast = header.length > 1 && (byte < 128 || header.length === 5);
    if (!isLast) return [];
    this.#header = [];
    const [firstByte = 0, ...digits] = header;
    const length = digits.reduce((sum, digit, index) => sum + (digit & 127) * 128 ** index, 0);
    this.#leftBytes = length;
    this.#leftOut = undefined;
    const isMessage = firstByte >> 4 === publish;
    if (length <= this.#mostBytes) {
      return [Buffer.from([isMessage ? firstByte & ~dupFlag : firstByte, ...digits])];
    }
    if (!isMessage) throw new CourierError('PEER', `the broker sends a packet of ${length} bytes`);
    this.#leftOut = { firstByte, length, name: Buffer.alloc(0) };
    return [];
  }

  /** The topic is two bytes of length and its bytes: MQTT 5, 3.3.2.1. */
  #readName(part: Buffer, packet: Packet & { name: Buffer }): readonly Buffer[] {
    const wanted = lengthOfName(packet.name);
    if (packet.name.length >= wanted) return [];
    packet.name = Buffer.concat([packet.name, part.subarray(0, 2 + 0xffff)]);
    const length = lengthOfName(packet.name);
    if (packet.name.length < length) return [];
    packet.name = packet.name.subarray(0, length);
    return [this.#mark(packet)];
  }

  #mark({ firstByte, length, name }: Packet & { name: Buffer }): Buffer {
    const properties = Buffer.alloc(this.#version === 5 ? 1 : 0);
    const body = Buffer.concat([name, properties, Buffer.from(String(length))]);
    return Buffer.concat([Buffer.from([firstByte | dupFlag, ...toLength(body.length)]), body]);
  }
}

function lengthOfName(begun: Buffer): number {
  return begun.length < 2 ? Number.POSITIVE_INFINITY : 2 + begun.readUInt16BE(0);
}

function toLength(value: number): readonly number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...toLength(Math.floor(value / 128))];
}

/** A socket of a broker, read through the sieve; it takes no more from there than is taken from it. */
export class SievedStream extends Duplex {
  readonly #socket: Socket;

  /**
   * @param mostBytes of a packet
   * @param version of MQTT: 4 (3.1.1) or 5
   */
  constructor(socket: Socket, mostBytes: number, version: number) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    const sieve = new PacketSieve(mostBytes, version);
    socket.on('data', (piece: Buffer) => {
      try {
        for (const part of sieve.pass(piece)) if (!this.push(part)) socket.pause();
      } catch (thrown) {
        this.destroy(thrown instanceof Error ? thrown : undefined);
      }
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(bytes: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(bytes, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroySoon();
    done(error);
  }
}

/** The bytes of a message that was left out for being too large; undefined for a message that is whole. */
export function leftOutBytes(payload: Buffer, isMarked: boolean): number | undefined {
  return isMarked ? Number(payload.toString('latin1')) : undefined;
}
