/** Finds what a transport has not let go of. */

import { getActiveResourcesInfo } from 'node:process';
import { assertSoonEmpty } from '../helpers/soon-empty.ts';
import type { ConformancePeer } from './peer.ts';

/** Sockets, pipes, children and file operations: what a fetch may hold while it runs. */
const kinds = /^(TCPSocketWrap|TLSWrap|PipeWrap|UDPWrap|ProcessWrap|FSReq|FSEventWrap|GetAddrInfo)/;

export type Holdings = ReadonlyMap<string, number>;

/** How many of each kind this process holds now. */
export function countHoldings(): Holdings {
  const counts = new Map<string, number>();
  for (const kind of getActiveResourcesInfo().filter((name) => kinds.test(name))) {
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/** Fails when this process holds more than before, or the transport has not let go of everything. */
export async function assertNothingLeft(peer: ConformancePeer, before: Holdings): Promise<void> {
  await assertSoonEmpty('the process holds more than before', () => findGrown(before));
  await assertLetGo(peer);
}

/** Fails when the peer still sees something of the transport. */
export async function assertLetGo(peer: ConformancePeer): Promise<void> {
  await assertSoonEmpty('the transport has not let go of everything', () => peer.leftovers());
}

function findGrown(before: Holdings): readonly string[] {
  return [...countHoldings()]
    .filter(([kind, count]) => count > (before.get(kind) ?? 0))
    .map(([kind, count]) => `${count - (before.get(kind) ?? 0)} ${kind}`);
}
