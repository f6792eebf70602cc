/** The conformance peer of spool: one somebody else writes to. */

import { systemClock } from '../../../src/clock.ts';
import { parseHostName } from '../../../src/names/host-name.ts';
import { Spool } from '../../../src/spool/spool.ts';
import { parseSourceUri } from '../../../src/transports/source.ts';
import { spool } from '../../../src/transports/spool/spool.ts';
import type { ConformancePeer } from '../../conformance/peer.ts';
import { makeCollectingLog } from '../../helpers/collecting-log.ts';
import { makeTempDir, removeTempDir } from '../../helpers/temp-dir.ts';

export async function startSpool(): Promise<ConformancePeer> {
  const directory = await makeTempDir();
  const log = makeCollectingLog();
  const writer = await Spool.open({
    directory,
    maxBytes: 1e9,
    maxHosts: 1000,
    log,
    clock: systemClock,
  });
  return {
    module: spool,
    source: { uri: parseSourceUri(`spool://${directory}`), options: {} },
    offer: async (name, output, producedAt) => {
      const [host, receivedAt] = [parseHostName(name), new Date()];
      const times = { producedAt: producedAt ?? receivedAt, receivedAt };
      await writer.put({ host, output, ...times, origin: 'upload x' });
    },
    withdraw: (name) => writer.remove(parseHostName(name)),
    secrets: [],
    leftovers: async () => [],
    close: async () => {
      await writer.close();
      await removeTempDir(directory);
    },
  };
}
