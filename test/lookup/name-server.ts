/** A name server that answers as a test tells it, over UDP on this machine. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

/** Addresses of a name, `missing` for NXDOMAIN, `failing` for SERVFAIL, `silent` for no answer. */
export type Zone = Readonly<Record<string, readonly string[] | 'missing' | 'failing' | 'silent'>>;

const kinds = { 1: 'A', 28: 'AAAA' } as const;
const codes = { missing: 3, failing: 2 } as const;

export interface NameServer {
  /** As a resolver takes it. */
  readonly server: string;
  /** `A web01.example`, in order. */
  readonly asked: readonly string[];
}

/** @param at where it listens; on any free port of this machine unless said */
export async function startNameServer(
  t: TestContext,
  zone: Zone,
  at: { readonly address: string; readonly port: number } = { address: '127.0.0.1', port: 0 },
): Promise<NameServer> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (query, from) => {
    const { name, kind, end } = readQuestion(query);
    asked.push(`${kind} ${name}`);
    const known = zone[name] ?? 'missing';
    if (known === 'silent') return;
    const answer = toAnswer(query.subarray(0, end), kind, known);
    socket.send(answer, from.port, from.address);
  });
  socket.bind(at.port, at.address);
  await once(socket, 'listening');
  t.after(() => socket.close());
  return { server: `${at.address}:${socket.address().port}`, asked };
}

/** RFC 1035 4.1: a header of twelve bytes, labels with their lengths, a zero, type and class. */
function readQuestion(query: Buffer) {
  const labels: string[] = [];
  let offset = 12;
  for (let length = query.readUInt8(offset); length > 0; length = query.readUInt8(offset)) {
    labels.push(query.toString('latin1', offset + 1, offset + 1 + length));
    offset += 1 + length;
  }
  const type = query.readUInt16BE(offset + 1);
  const kind = type === 1 || type === 28 ? kinds[type] : `${type}`;
  return { name: labels.join('.'), kind, end: offset + 5 };
}

function toAnswer(
  question: Buffer,
  kind: string,
  known: readonly string[] | 'missing' | 'failing',
): Buffer {
  const addresses = typeof known === 'string' ? [] : known.filter((one) => kindOf(one) === kind);
  const header = Buffer.from(question);
  header.writeUInt16BE(0x8180 | (typeof known === 'string' ? codes[known] : 0), 2);
  header.writeUInt16BE(addresses.length, 6);
  header.writeUInt16BE(0, 8);
  header.writeUInt16BE(0, 10);
  return Buffer.concat([header, ...addresses.map(toRecord)]);
}

function kindOf(address: string): string {
  return address.includes(':') ? 'AAAA' : 'A';
}

/** The name as a pointer to the question, a minute to live, and the address. */
function toRecord(address: string): Buffer {
  const bytes = kindOf(address) === 'A' ? toFour(address) : toSixteen(address);
  const type = kindOf(address) === 'A' ? 1 : 28;
  return Buffer.concat([
    Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, bytes.length]),
    bytes,
  ]);
}

function toFour(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

/** Of `2001:db8::1` and the like, with one `::`. */
function toSixteen(address: string): Buffer {
  const [head = [], tail = []] = address.split('::').map((part) =>
    part
      .split(':')
      .filter(Boolean)
      .map((group) => Number.parseInt(group, 16)),
  );
  const groups = [...head, ...Array(8 - head.length - tail.length).fill(0), ...tail];
  return Buffer.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}
