/** Output that the host sends by itself: when it last came. */

import { join } from 'node:path';
import { pathStatus } from '../../files/file-calls.ts';
import { defaultSpoolDirectory } from '../../spool/directories.ts';
import { readSpooled } from '../../spool/reading.ts';
import { formatDuration } from '../../times/durations.ts';
import { type Learned, outsideSite, type Scene, type SiteFinding } from './scene.ts';

/** Hosts push every minute. */
const mostAgeMs = 5 * 60_000;

export async function lookAtAge(
  scene: Scene,
  { configuration }: Partial<Learned>,
): Promise<SiteFinding> {
  const root = scene.context.env['OMD_ROOT'];
  if (!root) return outsideSite;
  const { host, context } = scene;
  const path = join(root, 'tmp/check_mk/data_source_cache/push-agent', host);
  const pushed = await pathStatus(path).catch(() => undefined);
  const spooled = await readSpooled(defaultSpoolDirectory(context.env), host, context);
  const lastMs = Math.max(pushed?.mtimeMs ?? 0, spooled?.producedAt.getTime() ?? 0);
  const isPush = configuration?.isPush === true;
  if (lastMs === 0) return isPush ? nothing() : { status: 'skipped', text: 'it pushes nothing' };
  const ageMs = Math.max(0, context.clock.now() - lastMs);
  const learned = { pushed: { lastMs, isLate: ageMs > mostAgeMs } };
  const text = `output came ${formatDuration(ageMs)} ago`;
  const facts = { last: new Date(lastMs).toISOString(), bytes: pushed?.size };
  if (ageMs > mostAgeMs) {
    const status = isPush ? 'fault' : 'warning';
    return { status, code: 'push-stale', text, facts, source: 'state', learned };
  }
  if (pushed !== undefined && configuration?.isPush === false && !configuration.program) {
    const told = `${text}, but Checkmk is to ask the host`;
    const code = 'push-host-pulled';
    return { status: 'warning', code, text: told, facts, source: 'state', learned };
  }
  return { status: 'ok', text, facts, source: 'state', learned };
}

function nothing(): SiteFinding {
  const learned = { pushed: { lastMs: 0, isLate: true } };
  const text = 'output never came';
  return { status: 'fault', code: 'push-stale', text, source: 'state', learned };
}
