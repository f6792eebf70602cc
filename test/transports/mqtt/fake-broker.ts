/** A broker in this process that speaks as much MQTT as a test needs, and misbehaves. */

import type { Socket } from 'node:net';
import { type HostileServer, startHostileServer } from '../../helpers/hostile-server.ts';

/** Packets of a client, by the first four bits: MQTT 5, 2.1.2. */
const types = { connect: 1, subscribe: 8, pingreq: 12 } as const;

type Kind = keyof typeof types;

/** What is sent for a packet; undefined for the usual answer. */
export type Answer = (kind: Kind, packet: Buffer, socket: Socket) => Buffer | undefined;

/** CONNACK, SUBACK and PINGRESP of MQTT 5, and nothing retained, where `answer` says no other. */
export async function startFakeBroker(answer: Answer): Promise<HostileServer> {
  return startHostileServer((socket, request) => {
    for (const packet of splitPackets(Buffer.from(request, 'latin1'))) {
      const type = (packet[0] ?? 0) >> 4;
      const kind = Object.entries(types).find(([, number]) => number === type)?.[0];
      if (kind !== 'connect' && kind !== 'subscribe' && kind !== 'pingreq') continue;
      socket.write(answer(kind, packet, socket) ?? usual(kind, packet));
    }
  });
}

/** The version of a CONNECT: 4 or 5. */
export function versionOf(connect: Buffer): number {
  return connect[8] ?? 0;
}

function usual(kind: Kind, packet: Buffer): Buffer {
  if (kind === 'connect') return Buffer.from([0x20, 3, 0, 0, 0]);
  if (kind === 'pingreq') return Buffer.from([0xd0, 0]);
  return Buffer.from([0x90, 4, packet[2] ?? 0, packet[3] ?? 0, 0, 1]);
}

/** All packets of these tests are shorter than 128 bytes, and come in one piece. */
function splitPackets(bytes: Buffer): readonly Buffer[] {
  const packets: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 2 + (bytes[at + 1] ?? 0);
    packets.push(bytes.subarray(at, end));
    at = end;
  }
  return packets;
}

/** A PUBLISH of MQTT 5 with QoS 0, retained, without properties. */
export function toPublish(topic: string, payload: Buffer): Buffer {
  const name = Buffer.from(topic);
  const rest = Buffer.concat([Buffer.from([name.length >> 8, name.length & 255]), name]);
  const body = Buffer.concat([rest, Buffer.from([0]), payload]);
  return Buffer.concat([Buffer.from([0x31, ...toLength(body.length)]), body]);
}

function toLength(value: number): readonly number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...toLength(Math.floor(value / 128))];
}
