/** Turning the master switch, with a line in the audit log. */

import type { CommandContext } from '../../cli/command.ts';
import { toStamp } from '../../sealing/stamp.ts';
import { recordDecision, userOf } from './audit.ts';
import { changeState } from './opening.ts';
import { updatePlaces } from './places.ts';
import { type MasterSwitch, readSwitch, writeSwitch } from './switch.ts';

const damaged: MasterSwitch = { isOn: false, since: undefined, by: undefined };

/**
 * Turns the switch and says what it was.
 *
 * @throws CourierError CONFIG; LOCAL
 */
export async function turn(
  word: 'on' | 'off',
  directory: string | undefined,
  context: CommandContext,
): Promise<void> {
  const places = updatePlaces(context.env, directory);
  const isOn = word === 'on';
  const was = await changeState(places, async () => {
    // A damaged switch offers nothing to anybody; it must not keep somebody from turning it.
    const before = await readSwitch(places).catch(() => damaged);
    if (before.isOn === isOn && before.since !== undefined) return before;
    const since = toStamp(new Date(context.clock.now()));
    const wanted = { what: 'switch', before: before.isOn ? 'on' : 'off', after: word };
    await recordDecision(places, wanted, context);
    await writeSwitch(places, { isOn, since, by: userOf(context.env) });
    return before;
  });
  const text = was.isOn === isOn ? `updates are ${word} already` : `updates are ${word}`;
  await context.writeOutput(Buffer.from(`${text}\n`));
}
