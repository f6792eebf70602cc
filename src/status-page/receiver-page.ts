/** The status page as a guest of the receiver, and the receiver's side of a page elsewhere. */

import type { CommandContext } from '../cli/command.ts';
import type { Settings } from '../receiver/options.ts';
import type { Receiver } from '../receiver/receiver.ts';
import type { PageSettings } from './options.ts';
import { Presence } from './presence.ts';

/** Returns at once; what goes wrong later is in the log. */
export function startReceiverPage(
  page: PageSettings,
  receiver: Receiver,
  settings: Pick<Settings, 'spool' | 'spoolHosts' | 'updates' | 'certificates'>,
  context: CommandContext,
): Presence {
  const startedAt = new Date(context.clock.now());
  const load = async () => {
    const { loadReceiverFeed } = await import('./feeds/load-receiver-feed.ts');
    return loadReceiverFeed(page, { receiver, settings, context, startedAt });
  };
  const presence = new Presence(page, load, context, []);
  presence.start();
  return presence;
}
