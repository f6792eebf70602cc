/** Whether the state has moved to another server: from then on only that one changes it, and answers by it. */

import { CourierError } from '../../faults/errors.ts';
import { type Field, PayloadReader } from '../../sealing/payload.ts';
import { isStamp } from '../../sealing/stamp.ts';
import { findTextFile } from '../../system/durable-files.ts';
import { serverText } from '../documents/root.ts';
import type { UpdatePlaces } from './places.ts';

export interface Moved {
  /** The server, as in the root. */
  readonly to: string;
  /** A stamp. */
  readonly since: string;
  readonly by: string;
}

/**
 * Undefined while it is here.
 *
 * @throws CourierError MALFORMED or CONFIG when the file is damaged, or others may change it; LOCAL
 */
export async function readMoved({
  moved,
}: Pick<UpdatePlaces, 'moved'>): Promise<Moved | undefined> {
  const text = await findTextFile(moved);
  if (text === undefined) return undefined;
  const reader = new PayloadReader(Buffer.from(text, 'latin1'));
  const to = reader.take('to', serverText);
  const since = reader.take('since', isStamp);
  const by = reader.take('by', /^.{1,100}$/);
  reader.end();
  return { to, since, by };
}

export function movedFields({ to, since, by }: Moved): readonly Field[] {
  return [
    ['to', to],
    ['since', since],
    ['by', by],
  ];
}

/**
 * Two servers that both give out counters and secrets would each undo what the other did.
 *
 * @throws CourierError CONFIG once it has moved
 */
export async function requireNotMoved(places: Pick<UpdatePlaces, 'moved'>): Promise<void> {
  const moved = await readMoved(places);
  if (moved === undefined) return;
  const what = `agent updates have moved to ${moved.to} (${moved.since}, ${moved.by})`;
  throw new CourierError('CONFIG', `${what}; \`cmk-courier updates move undo\` takes them back`);
}
