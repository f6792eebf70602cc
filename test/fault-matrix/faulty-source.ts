/** Brings a source of a transport into a fault. */

import type { Source } from '../../src/transports/source.ts';
import type { ConformancePeer } from '../conformance/peer.ts';
import type { FaultKind, Variant } from './variant.ts';

/** A page as it is offered in place of output when a session has ended. */
const loginPage = Buffer.from(
  '<!DOCTYPE html>\n<html><head><title>Log in</title></head>\n<body><form></form></body></html>\n',
);

/** The moment output was produced that nobody may take for fresh. */
export function longAgo(): Date {
  return new Date(Date.now() - 3_600_000);
}

/** How a fault is made; gives the source that has it, or undefined where the peer has none. */
type Arrange = (
  variant: Variant,
  peer: ConformancePeer,
  host: string,
  bait: Buffer,
) => Promise<Source | undefined>;

const arrangements: Readonly<Record<FaultKind, Arrange>> = {
  async dead({ nowhere }, peer, host, bait) {
    await peer.offer(host, bait);
    return peer.absence === undefined ? nowhere?.(peer) : peer.source;
  },
  hanging: async (_, { hangs }) => hangs,
  async stale(_, peer, host, bait) {
    await peer.offer(host, bait, longAgo());
    return peer.source;
  },
  misdated: async (_, peer, host, bait) => peer.offerMisdated?.(host, bait),
  async torn({ tear }, peer, host, bait) {
    await tear?.(peer, host, bait);
    return tear === undefined ? peer.stopsHalfWay : peer.source;
  },
  async partial({ leavePartial }, peer, host, bait) {
    if (leavePartial === undefined) return undefined;
    await peer.offer(host, bait, longAgo());
    await leavePartial(peer, host, bait.subarray(0, bait.length - 10));
    return peer.source;
  },
  async HTML(_, peer, host) {
    await peer.offer(host, loginPage);
    return peer.source;
  },
  async refused(_, peer, host, bait) {
    await peer.offer(host, bait);
    return peer.wrongSecret;
  },
};

/**
 * A source with the fault for that host.
 *
 * @param bait good but for the fault: it must not be delivered
 */
export async function makeFaultySource(
  kind: FaultKind,
  variant: Variant,
  peer: ConformancePeer,
  { host, bait }: { readonly host: string; readonly bait: Buffer },
): Promise<Source | undefined> {
  return arrangements[kind](variant, peer, host, bait);
}

/** Runs `use` while the fault lasts: a dead peer comes back, since others need it. */
export async function whileFaulty<Result>(
  kind: FaultKind,
  { absence }: ConformancePeer,
  use: () => Promise<Result>,
): Promise<Result> {
  if (kind !== 'dead' || absence === undefined) return use();
  await absence.lose();
  try {
    return await use();
  } finally {
    await absence.restore();
  }
}
