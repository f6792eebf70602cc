/** The status page as a guest of the receiver, and the receiver's side of a page elsewhere. */

import { join } from 'node:path';
import type { CommandContext } from '../cli/command.ts';
import type { HostName } from '../names/host-name.ts';
import type { Settings } from '../receiver/options.ts';
import type { Receiver } from '../receiver/receiver.ts';
import type { UpdatePlaces } from '../updates/repository/places.ts';
import { Figures } from './feeds/figures.ts';
import { listHostCertificates } from './feeds/host-certificates.ts';
import { ReceiverFeed } from './feeds/receiver-feed.ts';
import { receiverFigures } from './feeds/receiver-figures.ts';
import { type OnDisk, ReceiverTables } from './feeds/receiver-tables.ts';
import { Registrations } from './feeds/registrations.ts';
import { Remembered } from './feeds/remembered.ts';
import { SpooledParts } from './feeds/spooled-parts.ts';
import { History } from './history/history.ts';
import { PushedHosts } from './history/pushed-hosts.ts';
import type { Fact, Level } from './model.ts';
import type { PageSettings } from './options.ts';
import { Presence } from './presence.ts';

/** Returns when it has begun; what goes wrong later is in the log. Never rejects. */
export async function startReceiverPage(
  page: PageSettings,
  receiver: Receiver,
  settings: Pick<Settings, 'spool' | 'spoolHosts' | 'updates' | 'certificates'>,
  context: CommandContext,
): Promise<Presence> {
  const { clock, log, env } = context;
  const { at, directory } = page;
  const isRemembered = at !== undefined && directory !== undefined;
  const history = isRemembered
    ? await History.load(join(directory, 'history-receiver'), log, settings.spoolHosts)
    : undefined;
  const remembered = new Remembered(history, clock);
  const figures = new Figures(() => receiver.insight?.toMetrics() ?? [], receiverFigures, clock);
  const parts = new SpooledParts(settings.spool, clock, log);
  const describeUpdate = async (host: HostName) => {
    const { updatePlaces } = await import('../updates/repository/places.ts');
    return describe(host, updatePlaces(env, settings.updates), context);
  };
  const state = receiver.insight?.services.state;
  const registrations = new Registrations(async () => (await state?.hosts.list()) ?? [], clock);
  const certificates = async () =>
    listHostCertificates(
      await registrations.list(),
      (await state?.accesses.list()) ?? [],
      settings.certificates,
    );
  const tables = new ReceiverTables({ ...lookOnDisk(settings, context), certificates }, clock);
  const around = { parts, remembered, figures, describeUpdate, tables, registrations };
  const feed = new ReceiverFeed(receiver, around, clock);
  const pushed = history && new PushedHosts(history.hosts, clock);
  const storage = receiver.insight?.storage;
  if (pushed !== undefined) storage?.watch(pushed.arrived);
  const look = async () => pushed?.look(storage?.summaries() ?? []);
  const remember = (signal: AbortSignal) => remembered.run(figures, signal, look);
  const presence = new Presence(page, async () => ({ feed, remember }), context, []);
  presence.start();
  return presence;
}

function lookOnDisk(
  { spool, updates }: Pick<Settings, 'spool' | 'updates'>,
  { env, clock }: CommandContext,
): Omit<OnDisk, 'certificates'> {
  return {
    relays: async () => {
      const { findRelayStatuses } = await import('../relay/status.ts');
      return findRelayStatuses(spool, env, clock.now());
    },
    rollout: async () => {
      const { updatePlaces } = await import('../updates/repository/places.ts');
      const { newestRootVersion } = await import('../updates/repository/root-files.ts');
      const places = updatePlaces(env, updates);
      if ((await newestRootVersion(places)) === 0) return undefined;
      const { readUpdatesOverview } = await import('../updates/server/overview.ts');
      return (await readUpdatesOverview(places, clock)).rollout ?? 'none';
    },
  };
}

/** Empty for a host that updates know nothing of, or where there are none. */
async function describe(
  host: HostName,
  places: UpdatePlaces,
  { clock }: CommandContext,
): Promise<readonly Fact[]> {
  const { newestRootVersion } = await import('../updates/repository/root-files.ts');
  if ((await newestRootVersion(places)) === 0) return [];
  const { readFactsOf } = await import('../updates/server/host-facts.ts');
  const { toStatus } = await import('../updates/server/host-status.ts');
  const facts = await readFactsOf(host, places, clock);
  if (facts.identity === undefined && facts.target === undefined) return [];
  const status = toStatus(facts, clock.now());
  const level: Level = status.severity === 0 ? 'ok' : 'warn';
  const { lastContact, stage, reason, platform } = status;
  return [
    { label: 'State', value: status.text, level },
    { label: 'Decision', value: reason },
    ...(stage === null ? [] : [{ label: 'Stage', value: stage }]),
    ...(platform === null ? [] : [{ label: 'Platform', value: platform }]),
    ...(lastContact === null
      ? []
      : [{ label: 'Last contact', value: '', atMs: Date.parse(lastContact) }]),
  ];
}
