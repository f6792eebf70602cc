/** Relays that send to the receiver of this site, as the spool remembers them. */

import { describeRelays } from '../../../collector/relay-lines.ts';
import { CourierError } from '../../../faults/errors.ts';
import { asCourierError } from '../../../faults/system-errors.ts';
import { counted } from '../../../names/counted.ts';
import { findRelayStatuses, isRelayWell, longestNoticeMs } from '../../../relay/status.ts';
import {
  doubtful,
  fine,
  type SiteFinding,
  type SiteScene,
  type SiteStep,
  unknown,
} from '../scene.ts';

export const relays: SiteStep = {
  id: 'relays',
  side: 'site',
  title: 'relays',
  needs: ['places'],
  run: async (scene) => lookAtRelays(scene),
};

/** One that was not heard of for a week is no news. */
async function lookAtRelays({ places, env, clock }: SiteScene): Promise<SiteFinding> {
  const all = await findRelayStatuses(places.spool, env, clock.now()).catch((error: unknown) =>
    asCourierError(error, 'reading what is known of relays'),
  );
  if (all instanceof CourierError) return unknown(all.message);
  const missed = all.filter(
    (relay) => !isRelayWell(relay) && relay.sinceContactMs < longestNoticeMs,
  );
  const facts = { relays: all.length, not_well: missed.length };
  if (missed.length === 0)
    return fine(all.length === 0 ? 'none sends here' : 'none is missed', facts);
  const text = `${counted(missed.length, 'relay')} of ${all.length}: nothing new comes`;
  return doubtful('own-way-away', { text, facts, error: describeRelays(missed).join('; ') });
}
