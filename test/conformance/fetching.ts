/** How the suite asks a transport for output. */

import { randomBytes } from 'node:crypto';
import { parseHostName } from '../../src/names/host-name.ts';
import type { Source, Target } from '../../src/transports/source.ts';
import { type Delivery, type Transport, withTransport } from '../../src/transports/transport.ts';
import { type CollectingContext, makeOpenContext } from '../helpers/open-context.ts';
import type { ConformancePeer } from './peer.ts';

let hosts = 0;

/** A host name no other test uses. */
export function makeHost(): string {
  hosts += 1;
  return `host-${hosts}`;
}

/** A host as the site would name it, with the address the peer has for it. */
export function toTarget(host: string, peer?: ConformancePeer): Target {
  return { host: parseHostName(host), address: peer?.addressOf?.(host) ?? '127.0.0.1' };
}

/** A signal that does not abort. */
export function neverAborts(): AbortSignal {
  return new AbortController().signal;
}

/** Agent output of at least that many bytes, different every time, hard to compress. */
export function makeOutput(bytes = 1000): Buffer {
  const rows = randomBytes(Math.ceil(bytes / 2)).toString('hex');
  return Buffer.from(`<<<check_mk>>>\nVersion: 2.4.0\n<<<local>>>\n${rows}\n`);
}

/** Lends outputs to the peer, by host, while `use` runs. */
export async function withOffers(
  peer: ConformancePeer,
  outputs: ReadonlyMap<string, Buffer>,
  use: () => Promise<void>,
): Promise<void> {
  try {
    for (const [host, output] of outputs) await peer.offer(host, output);
    await use();
  } finally {
    for (const host of outputs.keys()) await peer.withdraw(host);
  }
}

/** Lends one output of one new host to the peer. */
export async function withOffer(
  peer: ConformancePeer,
  output: Buffer,
  use: (host: string) => Promise<void>,
): Promise<void> {
  const host = makeHost();
  await withOffers(peer, new Map([[host, output]]), () => use(host));
}

/** Lends an open transport for the peer's usual source. */
export async function withOpen<Result>(
  peer: ConformancePeer,
  use: (transport: Transport) => Promise<Result>,
): Promise<Result> {
  return withTransport(peer.module, peer.source, makeOpenContext(), use);
}

interface Fetch {
  readonly source?: Source;
  readonly context?: CollectingContext;
}

/** Opens, fetches and closes; the context's signal goes for both. */
export async function fetchFrom(
  peer: ConformancePeer,
  host: string,
  { source = peer.source, context = makeOpenContext() }: Fetch = {},
): Promise<Delivery> {
  return withTransport(peer.module, source, context, (transport) =>
    transport.fetch(toTarget(host, peer), context.signal),
  );
}
