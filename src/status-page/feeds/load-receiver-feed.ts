/** What the page learns from the receiver, put together; loaded for the first that looks. */

import type { CommandContext } from '../../cli/command.ts';
import type { HostName } from '../../names/host-name.ts';
import type { Settings } from '../../receiver/options.ts';
import type { Receiver } from '../../receiver/receiver.ts';
import { listRelayedHosts } from '../../relay/records.ts';
import type { UpdatePlaces } from '../../updates/repository/places.ts';
import { History } from '../history/history.ts';
import { PushedHosts } from '../history/pushed-hosts.ts';
import type { Fact, Level } from '../model.ts';
import type { PageSettings } from '../options.ts';
import { historyPath, type LoadedFeed } from '../presence.ts';
import { Figures } from './figures.ts';
import { listHostCertificates } from './host-certificates.ts';
import { ReceiverFeed } from './receiver-feed.ts';
import { receiverFigures } from './receiver-figures.ts';
import { type OnDisk, ReceiverTables } from './receiver-tables.ts';
import { Registrations } from './registrations.ts';
import { RelayedHosts } from './relayed-hosts.ts';
import { ofPushed, Remembered } from './remembered.ts';
import { SpooledParts } from './spooled-parts.ts';

/** A receiver that has started, and what it was started with. */
export interface Received {
  readonly receiver: Receiver;
  readonly settings: Pick<Settings, 'spool' | 'spoolHosts' | 'updates' | 'certificates'>;
  readonly context: CommandContext;
  readonly startedAt: Date;
}

export async function loadReceiverFeed(
  { directory }: PageSettings,
  received: Received,
): Promise<LoadedFeed> {
  const { receiver, settings } = received;
  const { clock, log } = received.context;
  const history =
    directory === undefined
      ? undefined
      : await History.load(historyPath(directory, 'receiver'), log, settings.spoolHosts);
  const remembered = new Remembered(history, clock, ofPushed);
  const figures = new Figures(() => receiver.insight?.toMetrics() ?? [], receiverFigures, clock);
  const feed = makeFeed(received, remembered, figures);
  const pushed = history && new PushedHosts(history.hosts, clock);
  const storage = receiver.insight?.storage;
  if (pushed !== undefined) storage?.watch(pushed.arrived);
  const look = async () => pushed?.look(storage?.summaries() ?? []);
  return { feed, remember: (signal) => remembered.run(figures, signal, look) };
}

function makeFeed(received: Received, remembered: Remembered, figures: Figures): ReceiverFeed {
  const { receiver, settings, context } = received;
  const { clock, log, env } = context;
  const { spool } = settings;
  const state = receiver.insight?.services.state;
  const registrations = new Registrations(async () => (await state?.hosts.list()) ?? [], clock);
  const desk = receiver.insight?.services.relays;
  const relays = {
    relays: async () => {
      await desk?.relays.refresh();
      return desk?.relays.all ?? [];
    },
    onDisk: () => listRelayedHosts(spool),
    sinceStart: () => desk?.hosts() ?? [],
  };
  const around = {
    ...{ remembered, figures, registrations, startedAt: received.startedAt },
    parts: new SpooledParts(spool, clock, log),
    relayed: new RelayedHosts(relays, clock),
    tables: new ReceiverTables(lookOnDisk(received, registrations), clock),
    describeUpdate: async (host: HostName) => {
      const { updatePlaces } = await import('../../updates/repository/places.ts');
      return describe(host, updatePlaces(env, settings.updates), context);
    },
  };
  return new ReceiverFeed(receiver, around, clock);
}

function lookOnDisk(
  { receiver, settings, context }: Received,
  registrations: Registrations,
): OnDisk {
  const { spool, updates, certificates: directory } = settings;
  const { env, clock } = context;
  return {
    certificates: async () => {
      const accesses = (await receiver.insight?.services.state.accesses.list()) ?? [];
      return listHostCertificates(await registrations.list(), accesses, directory);
    },
    relays: async () => {
      const { findRelayStatuses } = await import('../../relay/status.ts');
      return findRelayStatuses(spool, env, clock.now());
    },
    rollout: async () => {
      const { updatePlaces } = await import('../../updates/repository/places.ts');
      const { newestRootVersion } = await import('../../updates/repository/root-files.ts');
      const places = updatePlaces(env, updates);
      if ((await newestRootVersion(places)) === 0) return undefined;
      const { readUpdatesOverview } = await import('../../updates/server/overview.ts');
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
  const { newestRootVersion } = await import('../../updates/repository/root-files.ts');
  if ((await newestRootVersion(places)) === 0) return [];
  const { readFactsOf } = await import('../../updates/server/host-facts.ts');
  const { toStatus } = await import('../../updates/server/host-status.ts');
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
