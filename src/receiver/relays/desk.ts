/** Keeps what is known of relays and their hosts, and writes it down when it changes. */

import type { Clock } from '../../clock.ts';
import { CourierError, cleanText } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import type { Logger } from '../../logging/log.ts';
import { News } from '../../logging/news.ts';
import { type HostName, isHostName } from '../../names/host-name.ts';
import { describeSilence, isWayOf, type Newest } from '../../relay/looking.ts';
import type { RelayEntry, RelayedFault, RelayNote } from '../../relay/message.ts';
import {
  countRelayedHosts,
  listRelayedHosts,
  listRelays,
  type RelayedHost,
  type RelayRecord,
  readHost,
  readRelay,
  removeHost,
  removeRelay,
  removeUnfinished,
  writeHost,
  writeRelay,
} from '../../relay/records.ts';
import { RefusedHosts } from './refused-hosts.ts';

/** A relay, as it proved to be. */
export interface RelayIdentity {
  /** `token-1a2b…`. */
  readonly id: string;
  readonly name: string;
  readonly address: string;
}

interface Settings {
  readonly spool: string;
  /** Hosts the spool has room for. */
  readonly maxHosts: number;
  readonly clock: Clock;
  readonly log: Logger;
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

/** A relay is not written down more often, unless something is to be seen. */
const quietMs = 1000;
/** That it is refused is not written down more often: anybody can say an id. */
const quietRefusalMs = 30_000;
/** Another relay that wrote for a host within so many of its intervals writes for it as well. */
const sharedIntervals = 3;
const usualEveryMs = 60_000;
/** Of hosts without output as well, and of such as are gone; names cost a relay nothing. */
const recordsPerHost = 2;
/** One that is gone for so long is no news any more. */
const longestSilenceMs = 30 * 86_400_000;
/** More hosts than any relay has; beyond it files are read again. */
const mostRemembered = 100_000;

export class RelayDesk {
  readonly #settings: Settings;
  readonly #relays = new Map<string, RelayRecord>();
  readonly #writtenMs = new Map<string, number>();
  readonly #hosts = new Map<HostName, RelayedHost>();
  /** The newest change of each host; the next one waits for it. */
  readonly #turns = new Map<HostName, Promise<void>>();
  readonly #writers = new Map<HostName, readonly Writing[]>();
  readonly #news = new News();
  readonly refusedHosts = new RefusedHosts();
  #recorded: Promise<number> | undefined;
  readonly #counts = { outputs: 0, faults: 0, refused: 0 };

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Relays heard of since the start. */
  get relays(): readonly RelayRecord[] {
    return [...this.#relays.values()];
  }

  /** What they have brought since the start. */
  get counts(): { readonly outputs: number; readonly faults: number; readonly refused: number } {
    return this.#counts;
  }

  /** Notes that a relay was heard of. Never rejects. */
  async heardOf(relay: RelayIdentity, note: RelayNote): Promise<void> {
    const nowMs = this.#settings.clock.now();
    const skewMs = note.sentAtMs - nowMs;
    const { startedAtMs, contactMs, hosts, waiting, isEnding = false } = note;
    const version = cleanText(note.version, 100);
    const about = { version, startedAtMs, contactMs, hosts, waiting, skewMs, isEnded: isEnding };
    const record = { ...relay, ...about, lastContactMs: nowMs };
    const before = this.#relays.get(relay.id);
    this.#relays.set(relay.id, record);
    const writtenMs = this.#writtenMs.get(relay.id) ?? Number.NEGATIVE_INFINITY;
    const isNew =
      before?.isEnded !== record.isEnded ||
      before.startedAtMs !== startedAtMs ||
      before.hosts !== hosts;
    if (!isNew && Math.abs(nowMs - writtenMs) < quietMs) return;
    this.#writtenMs.set(relay.id, nowMs);
    await this.#try(() => writeRelay(this.#settings.spool, record));
    if (before === undefined) await this.#try(() => this.#forgetNamesakes(record, nowMs));
  }

  /** A relay that got a new token or certificate is another one by its id: what it was is no news any more. */
  async #forgetNamesakes({ id, name }: RelayRecord, nowMs: number): Promise<void> {
    for (const other of await listRelays(this.#settings.spool)) {
      if (other.name !== name || other.id === id) continue;
      if (describeSilence(other, nowMs) === undefined) continue;
      this.#relays.delete(other.id);
      this.#writtenMs.delete(other.id);
      await removeRelay(this.#settings.spool, other.id);
    }
  }

  /** Notes why a relay that is known by its id was not let in. Never rejects. */
  async turnedAway(id: string, message: string): Promise<void> {
    const nowMs = this.#settings.clock.now();
    await this.#try(async () => {
      const relay = this.#relays.get(id) ?? (await readRelay(this.#settings.spool, id));
      const sinceMs = Math.abs(nowMs - (relay?.refusal?.atMs ?? Number.NEGATIVE_INFINITY));
      if (relay === undefined || sinceMs < quietRefusalMs) return;
      const record = { ...relay, refusal: { atMs: nowMs, message } };
      if (this.#relays.has(id)) this.#relays.set(id, record);
      await writeRelay(this.#settings.spool, record);
    });
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
      for (const { id, lastContactMs, refusal } of await listRelays(spool)) {
        if (clock.now() - Math.max(lastContactMs, refusal?.atMs ?? 0) < longestSilenceMs) continue;
        this.#relays.delete(id);
        this.#writtenMs.delete(id);
        await removeRelay(spool, id);
      }
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
    const before = this.#hosts.get(host) ?? (await readHost(this.#settings.spool, host));
    if (before === undefined) await this.#takeRoom();
    // While another relay brings output, the fault of this one is no fault of the host, and what
    // this one brings is not its newest.
    const counts = isKept || !others.some(({ isGood }) => isGood);
    const shared = others.length === 0 ? {} : { others: others.map(({ name }) => name) };
    const after = { ...(counts || before === undefined ? record : before), ...shared };
    if (this.#hosts.size >= mostRemembered) this.#hosts.clear();
    this.#hosts.set(host, after);
    if (JSON.stringify(before) !== JSON.stringify(after)) {
      await writeHost(this.#settings.spool, host, after);
    }
  }

  /** @throws CourierError LOCAL */
  async #takeRoom(): Promise<void> {
    const { spool, maxHosts } = this.#settings;
    const most = recordsPerHost * maxHosts;
    // Each waits for those before it; where it cannot be counted, it is counted from now on.
    const before = this.#recorded ?? countRelayedHosts(spool).catch(() => 0);
    this.#recorded = before.then((count) => Math.min(most, count + 1));
    if ((await before) < most) return;
    const what = `no room to note more hosts of relays, there are ${most} (--spool-hosts)`;
    throw new CourierError('LOCAL', what);
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
