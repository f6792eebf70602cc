/** The places that one collector holds while it runs: nobody else may write there. */

import type { CommandContext } from '../cli/command.ts';
import { placesBeside } from '../ready/places.ts';
import { ReadyDirectory } from '../ready/ready-directory.ts';
import { systemUptime } from '../ready/uptime.ts';
import { Spool } from '../spool/spool.ts';
import { requireTrustedSync } from '../system/trusted-path.ts';
import { type Answers, ControlSocket } from './control-socket.ts';
import { KnownHosts } from './known-hosts.ts';

export interface PlaceSettings {
  readonly readyDirectory: string;
  readonly spoolDirectory: string;
  readonly maxSpoolBytes: number;
  readonly maxSpoolHosts: number;
}

export interface HeldPlaces {
  readonly ready: ReadyDirectory;
  readonly spool: Spool;
  readonly socket: ControlSocket;
  readonly known: KnownHosts;
}

/**
 * Leaves nothing open when it rejects.
 *
 * @param answers what the socket answers
 * @throws CourierError LOCAL when a directory cannot be used or another collector is running
 */
export async function holdPlaces(
  settings: PlaceSettings,
  { clock, log }: CommandContext,
  answers: Answers,
): Promise<HeldPlaces> {
  const { readyDirectory: directory } = settings;
  const places = placesBeside(directory);
  requireTrustedSync(places.asked);
  const ready = ReadyDirectory.open({ directory, clock, uptime: systemUptime() });
  const socket = new ControlSocket(places.socket, answers);
  await socket.listen();
  try {
    const spool = await Spool.open({
      directory: settings.spoolDirectory,
      maxBytes: settings.maxSpoolBytes,
      maxHosts: settings.maxSpoolHosts,
      // Without fsync: the next cycle brings newer output, and a torn file is found by its checksum.
      isDurable: false,
      log,
      clock,
    });
    return { ready, spool, socket, known: new KnownHosts(places.asked, clock) };
  } catch (error) {
    socket.close();
    throw error;
  }
}
