/** The machine around us: its clock, and what it lets us have open. */

import { existsSync } from 'node:fs';
import { askStatus } from '../../../collector/ask-status.ts';
import { readWholeFile } from '../../../files/file-calls.ts';
import {
  doubtful,
  fine,
  type SiteFinding,
  type SiteScene,
  type SiteStep,
  unknown,
  wrong,
} from '../scene.ts';

export const clock: SiteStep = {
  id: 'clock',
  side: 'site',
  title: 'the clock',
  needs: [],
  run: lookAtClock,
};

/** Nobody has had this program before. */
const earliest = Date.UTC(2026, 0, 1);

async function lookAtClock({ clock: time }: SiteScene): Promise<SiteFinding> {
  const now = new Date(time.now()).toISOString();
  if (Date.parse(now) < earliest) {
    return wrong('own-clock-wrong', { text: `it says ${now}`, facts: { now } });
  }
  // What systemd-timesyncd leaves when it has set the clock (systemd-timesyncd.service(8)).
  const isSet = existsSync('/run/systemd/timesync/synchronized');
  const facts = { now, synchronised: isSet || undefined };
  return isSet
    ? fine('it is kept right', facts)
    : unknown(`it says ${now}; who keeps it right, nobody says`, facts);
}

export const limits: SiteStep = {
  id: 'limits',
  side: 'site',
  title: 'limits',
  needs: [],
  run: async (scene, _learned, signal) => lookAtLimits(scene, signal),
};

/** What thousands of hosts need; the resident commands say at their start how far less takes them. */
const enoughFiles = 4096;

async function lookAtLimits({ places }: SiteScene, signal: AbortSignal): Promise<SiteFinding> {
  const ours = await readFileLimit('self');
  if (ours === undefined) return unknown('/proc does not say');
  const pid = await findCollector(places.socket, signal);
  const theirs = pid === undefined ? undefined : await readFileLimit(String(pid));
  const facts = { open_files: ours, open_files_of_collector: theirs };
  const least = Math.min(ours, theirs ?? ours);
  if (least >= enoughFiles) return fine(`${least} files may be open`, facts);
  return doubtful('own-few-files', { text: `only ${least} files may be open at once`, facts });
}

async function findCollector(
  socket: string | undefined,
  signal: AbortSignal,
): Promise<number | undefined> {
  if (socket === undefined) return undefined;
  return askStatus(socket, signal).then(
    ({ pid }) => pid,
    () => undefined,
  );
}

/** The hard limit, to which Node raises the soft one. */
async function readFileLimit(process: string): Promise<number | undefined> {
  const text = await readWholeFile(`/proc/${process}/limits`, 'latin1').catch(() => '');
  const [, , hard] = /^Max open files +(\S+) +(\S+)/m.exec(text) ?? [];
  if (hard === undefined) return undefined;
  return hard === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(hard);
}
