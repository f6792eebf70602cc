/** Keeps what is known of relays and their hosts, and writes it down when it changes. */

import type { Clock } from '../../clock.ts';
import { CourierError, cleanText } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import type { Logger } from '../../logging/log.ts';
import { News } from '../../logging/news.ts';
import { type HostName, isHostName } from '../../names/host-name.ts';
import { isWayOf, type Newest } from '../../relay/looking.ts';
import type { RelayEntry, RelayedFault } from '../../relay/message.ts';
import {
  countRelayedHosts,
  listRelayedHosts,
  type RelayedHost,
  readHost,
  removeHost,
  removeUnfinished,
  writeHost,
} from '../../relay/records.ts';
import { Refusal, storageRetryS } from '../refusal.ts';
import { KnownRelays, type RelayIdentity } from './known-relays.ts';
import { RefusedHosts } from './refused-hosts.ts';

interface Settings {
  readonly spool: string;
  /** Hosts the spool has room for. */
  readonly maxHosts: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A record as it is on disk, as far as we know. */
interface KnownHost {
  readonly record: RelayedHost;
  /** When it was read last, by the monotonic clock. */
  readonly readMs: number;
}

/** What a relay did for a host last. */
interface Writing {
  readonly id: string;
  readonly name: string;
  readonly atMs: number;
  /** How often it asks for the host. */
  readonly everyMs: number;
  /** Whether it brought output, not a fault. */
  readonly isGood: boolean;
}

/** Another relay that wrote for a host within so many of its intervals writes for it as well. */
const sharedIntervals = 3;
const usualEveryMs = 60_000;
/** Of hosts without output as well, and of such as are gone; names cost a relay nothing. */
const recordsPerHost = 2;
/** Any relay may have new hosts up to this part of the room. */
const freeForAll = 0.9;
/** What another receiver has made of a record is seen after this. */
const rereadMs = 600_000;
/** More hosts than any relay has; beyond it files are read again. */
const mostRemembered = 100_000;

export class RelayDesk {
  readonly #settings: Settings;
  readonly relays: KnownRelays;
  readonly refusedHosts: RefusedHosts;
  readonly #hosts = new Map<HostName, KnownHost>();
  /** The newest change of each host; the next one waits for it. */
  readonly #turns = new Map<HostName, Promise<void>>();
  readonly #writers = new Map<HostName, readonly Writing[]>();
  readonly #news = new News();
  /** How many records there are, by relay. */
  #recorded: Promise<Map<string, number>> | undefined;
  readonly #counts = { outputs: 0, faults: 0, refused: 0 };

  constructor(settings: Settings) {
    this.#settings = settings;
    const attempt = (work: () => Promise<void>) => this.#try(work);
    this.refusedHosts = new RefusedHosts(settings.clock);
    this.relays = new KnownRelays({ ...settings, attempt });
  }

  /** Hosts they have written for since the start, as far as they are remembered. */
  *hosts(): Iterable<RelayedHost> {
    for (const { record } of this.#hosts.values()) yield record;
  }

  /** What they have brought since the start. */
  get counts(): { readonly outputs: number; readonly faults: number; readonly refused: number } {
    return this.#counts;
  }

  countRefused(): void {
    this.#counts.refused += 1;
  }

  /**
   * Notes what a relay has brought for a host. Never rejects.
   *
   * @param isKept whether output was newer than what was there
   * @returns what the relay is to be told, if anything
   */
  async brought(
    relay: RelayIdentity,
    host: HostName,
    { entry, isKept }: { readonly entry: RelayEntry; readonly isKept: boolean },
  ): Promise<string | undefined> {
    const others = this.#noteWriter(relay, host, entry);
    const record = toRecord(relay, entry, this.#settings.clock.now());
    await this.#inTurn(host, () => this.#note(host, record, isKept, others));
    return others.length === 0 ? undefined : this.#tellOthers(relay, host, others);
  }

  /**
   * Forgets hosts that have another way by now, and relays that were not heard of for long.
   * Never rejects.
   *
   * @param outputs the newest of each host
   */
  async prune(outputs: readonly (Newest & { readonly host: string })[]): Promise<void> {
    const { spool, clock } = this.#settings;
    const newest = new Map(outputs.map((output) => [output.host, output]));
    await this.#try(async () => {
      for (const { host } of await listRelayedHosts(spool)) {
        if (isHostName(host)) await this.#inTurn(host, () => this.#forget(host, newest.get(host)));
      }
      await removeUnfinished(spool, clock.now());
      // From now on it is counted again.
      this.#recorded = undefined;
      await this.relays.prune();
    });
  }

  async #forget(host: HostName, newest: Newest | undefined): Promise<void> {
    // What came meanwhile counts.
    const about = await readHost(this.#settings.spool, host);
    if (about === undefined || isWayOf(about, newest)) return;
    this.#hosts.delete(host);
    await removeHost(this.#settings.spool, host);
  }

  /** Changes of one host come one after the other. Never rejects. */
  async #inTurn(host: HostName, change: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(host) ?? Promise.resolve()).then(() => this.#try(change));
    this.#turns.set(host, turn);
    await turn;
    if (this.#turns.get(host) === turn) this.#turns.delete(host);
  }

  /** @returns others that have written for the host within a few intervals */
  #noteWriter(relay: RelayIdentity, host: HostName, entry: RelayEntry): readonly Writing[] {
    const nowMs = this.#settings.clock.monotonic();
    const before = this.#writers.get(host) ?? [];
    const others = before.filter(
      ({ id, atMs, everyMs }) => id !== relay.id && nowMs - atMs < sharedIntervals * everyMs,
    );
    const { kind, everyMs = usualEveryMs } = entry;
    const own = {
      ...{ id: relay.id, name: relay.name },
      atMs: nowMs,
      everyMs,
      isGood: kind === 'output',
    };
    if (this.#writers.size >= mostRemembered) this.#writers.clear();
    this.#writers.set(host, [...others, own]);
    if (kind === 'fault') this.#counts.faults += 1;
    else this.#counts.outputs += 1;
    return others;
  }

  async #note(
    host: HostName,
    record: RelayedHost,
    isKept: boolean,
    others: readonly Writing[],
  ): Promise<void> {
    const before = await this.#read(host);
    if (before === undefined) await this.#takeRoom(record);
    // While another relay brings output, the fault of this one is no fault of the host, and what
    // this one brings is not its newest.
    const counts = isKept || !others.some(({ isGood }) => isGood);
    const shared = others.length === 0 ? {} : { others: others.map(({ name }) => name) };
    const chosen = counts || before === undefined ? withRoute(record, before) : before;
    const after = { ...chosen, ...shared };
    this.#remember(host, after, before === undefined);
    if (JSON.stringify(before) !== JSON.stringify(after)) {
      await writeHost(this.#settings.spool, host, after);
    }
  }

  /** Other receivers may write to the same spool, and forget hosts. */
  async #read(host: HostName): Promise<RelayedHost | undefined> {
    const known = this.#hosts.get(host);
    const isFresh = known && this.#settings.clock.monotonic() - known.readMs < rereadMs;
    if (isFresh) return known.record;
    const record = await readHost(this.#settings.spool, host);
    if (record !== undefined) this.#remember(host, record, true);
    return record;
  }

  #remember(host: HostName, record: RelayedHost, isRead: boolean): void {
    const nowMs = this.#settings.clock.monotonic();
    const readMs = isRead ? nowMs : (this.#hosts.get(host)?.readMs ?? nowMs);
    if (this.#hosts.size >= mostRemembered) this.#hosts.clear();
    this.#hosts.set(host, { record, readMs });
  }

  /**
   * The last of the room in the spool is not for a relay that has most of it: one that invents hosts
   * keeps no other from getting new ones.
   *
   * @param used hosts that have output
   * @throws Refusal 503
   */
  async requireRoom({ id, name }: RelayIdentity, used: number): Promise<void> {
    const { maxHosts } = this.#settings;
    if (used < maxHosts * freeForAll) return;
    const own = (await this.#countRecorded()).get(id) ?? 0;
    if (own <= maxHosts / 2) return;
    const what = `relay ${name} has ${own} hosts here, of ${maxHosts} there is room for`;
    const why = `${what}: the last of it is for others (--spool-hosts)`;
    throw new Refusal('storage', why, { retryAfterS: storageRetryS });
  }

  /** Where they cannot be counted, they are counted from now on. */
  #countRecorded(): Promise<Map<string, number>> {
    this.#recorded ??= countRelayedHosts(this.#settings.spool).catch(() => new Map());
    return this.#recorded;
  }

  /** @throws CourierError LOCAL */
  async #takeRoom({ relay, relayName }: RelayedHost): Promise<void> {
    const { maxHosts } = this.#settings;
    const counts = await this.#countRecorded();
    const [own, all] = [counts.get(relay) ?? 0, [...counts.values()].reduce(add, 0)];
    // One that invents hosts leaves room for those of others.
    if (own < maxHosts && all < recordsPerHost * maxHosts) {
      counts.set(relay, own + 1);
      return;
    }
    const what = own < maxHosts ? `${all} of relays` : `${own} of relay ${relayName}`;
    const why = `no room to note more hosts, there are ${what} (--spool-hosts)`;
    throw new CourierError('LOCAL', why);
  }

  #tellOthers({ name }: RelayIdentity, host: HostName, others: readonly Writing[]): string {
    const names = others.map((other) => other.name);
    const all = [name, ...names].sort().join(' and ');
    if (this.#news.isNew(host, all)) {
      this.#settings.log.warn({ host }, `relays ${all} write for it; the newest output counts`);
    }
    return `relay ${names.join(' and ')} writes for it as well; the newest output counts`;
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      const { code, message } = asCourierError(thrown, 'noting what a relay brought');
      if (this.#news.isNew('', `${code} ${message}`)) this.#settings.log.warn({ code }, message);
    }
  }
}

/** What waited over a restart of the relay says nothing of its route. */
function withRoute(record: RelayedHost, before: RelayedHost | undefined): RelayedHost {
  if (record.everyMs !== undefined || before?.relay !== record.relay) return record;
  const { everyMs, maxAgeMs } = before;
  return { ...record, everyMs, maxAgeMs };
}

const add = (one: number, other: number) => one + other;

function toRecord(relay: RelayIdentity, entry: RelayEntry, nowMs: number): RelayedHost {
  const { host, everyMs, maxAgeMs } = entry;
  return {
    ...{ host, relay: relay.id, relayName: relay.name, everyMs, maxAgeMs },
    ...(entry.kind === 'fault'
      ? { fault: toFarFault(entry, nowMs) }
      : { source: cleanText(entry.source) }),
  };
}

function toFarFault({ code, line, ageMs, validMs }: RelayedFault, nowMs: number) {
  const atMs = nowMs - ageMs;
  return { code, line, atMs, toldAtMs: nowMs, untilMs: atMs + validMs };
}
