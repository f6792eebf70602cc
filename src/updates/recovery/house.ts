/**
 * Moving house: the state goes to another server as it is, and this one answers nothing but roots
 * from then on, so that hosts learn where to ask (docs/updates-sites.md#moving-to-another-server).
 */

import type { CommandContext } from '../../cli/command.ts';
import { askLine } from '../../cli/terminal.ts';
import { CourierError } from '../../faults/errors.ts';
import { remove } from '../../files/file-calls.ts';
import { toStamp } from '../../sealing/stamp.ts';
import { recordDecision, userOf } from '../repository/audit.ts';
import { movedFields, readMoved } from '../repository/moved-state.ts';
import { changeState } from '../repository/opening.ts';
import { type UpdatePlaces, updatePlaces } from '../repository/places.ts';
import { requireNewestRoot } from '../repository/root-files.ts';
import { writeSmallFile } from '../repository/small-files.ts';
import { listStandings } from '../server/host-facts.ts';
import { backUp, kept } from './backup.ts';

/** Until requests that were under way have left what they have to leave. */
const settlingMs = 2000;

/** What is known when it has gone. */
export interface MovedAway {
  readonly bytes: number;
  readonly rootVersion: number;
  /** Hosts that have not taken that root yet: they get it here, and then ask there. */
  readonly behind: number;
}

/**
 * Packs all of the state, tokens included, since nobody uses them here any more.
 *
 * @param to a server of the newest root
 * @throws CourierError USAGE for another one, or a file that is there; CONFIG; LOCAL
 */
export async function moveAway(
  places: UpdatePlaces,
  { path, to }: { readonly path: string; readonly to: string },
  context: CommandContext,
): Promise<MovedAway> {
  const { root } = await requireNewestRoot(places);
  if (!root.servers.includes(to)) {
    const first = `cmk-courier updates root server ${[to, ...root.servers].join(' ')}`;
    throw new CourierError('USAGE', `root ${root.version} does not name ${to}; first: ${first}`);
  }
  const standings = await listStandings(places, context.clock);
  const behind = standings.filter(({ rootVersion = 0 }) => rootVersion < root.version).length;
  const since = toStamp(new Date(context.clock.now()));
  await changeState(places, async () => {
    const moved = movedFields({ to, since, by: userOf(context.env) });
    await writeSmallFile(places.moved, moved);
    await recordDecision(places, { what: 'move', before: 'here', after: to }, context);
  });
  try {
    await context.clock.sleep(settlingMs, context.shutdown);
    const bytes = await backUp(places, path, context, [...kept, 'tokens']);
    return { bytes, rootVersion: root.version, behind };
  } catch (error) {
    await remove(places.moved, { force: true });
    throw error;
  }
}

/**
 * Takes it back, when the archive has been put in place nowhere.
 *
 * @param confirm the address that it moved to, typed
 * @throws CourierError USAGE where it has not moved; REFUSED for another word; LOCAL
 */
export async function undoMove(
  directory: string | undefined,
  confirm: string | undefined,
  context: CommandContext,
): Promise<void> {
  const places = updatePlaces(context.env, directory);
  const moved = await readMoved(places);
  if (moved === undefined) throw new CourierError('USAGE', 'it has not moved');
  const question = `${moved.to} must not answer hosts any more. Type its address to take updates back: `;
  const typed = confirm ?? (await askLine(question, '--confirm answers', context.shutdown));
  if (typed !== moved.to) {
    throw new CourierError('REFUSED', `nothing is changed: that is not ${moved.to}`);
  }
  await remove(places.moved, { force: true });
  await recordDecision(places, { what: 'move', before: moved.to, after: 'here' }, context);
}
