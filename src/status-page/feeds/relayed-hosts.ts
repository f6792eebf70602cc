/**
 * Hosts that relays write for: what a relay told of each since its newest output, and whether the relay
 * itself is heard of. What it said before this process began is read from disk, beside everything else.
 */

import type { Clock } from '../../clock.ts';
import { CourierError, faults, stderrLine } from '../../faults/errors.ts';
import { counted } from '../../names/counted.ts';
import type { HostName } from '../../names/host-name.ts';
import { describeSilence, findNeglect, isFaultOfNow, isWayOf } from '../../relay/looking.ts';
import type { RelayedHost, RelayRecord } from '../../relay/records.ts';
import { longestNoticeMs } from '../../relay/status.ts';
import type { SpoolSummary } from '../../spool/spool.ts';
import type { PartRow } from '../feed.ts';
import type { Fact, FaultLine, HostState, Level, Notice } from '../model.ts';

/** Where it is known from. */
export interface RelaySources {
  /** Every relay, as it is now. Never rejects. */
  readonly relays: () => Promise<readonly RelayRecord[]>;
  /** Every host on disk; asked for now and then. */
  readonly onDisk: () => Promise<readonly RelayedHost[]>;
  /** What was told since the start. */
  readonly sinceStart: () => Iterable<RelayedHost>;
}

/** What a row of a relayed host differs in from that of another. */
type Difference = Pick<PartRow, 'state' | 'everyMs' | 'silentAfterMs' | 'fault'>;

/** How a host was when it changed last. */
interface Shown {
  readonly key: string;
  readonly atMs: number;
}

/** What is told since the start is known without it. */
const diskAgainMs = 10 * 60_000;
const mostNotices = 5;

export class RelayedHosts {
  readonly #sources: RelaySources;
  readonly #clock: Clock;
  #hosts = new Map<string, RelayedHost>();
  #relays: ReadonlyMap<string, RelayRecord> = new Map();
  #readDiskMs = Number.NEGATIVE_INFINITY;
  readonly #shown = new Map<string, Shown>();

  constructor(sources: RelaySources, clock: Clock) {
    this.#sources = sources;
    this.#clock = clock;
  }

  /** Never rejects: what cannot be read is told by the table of relays. */
  async refresh(): Promise<void> {
    const relays = await this.#sources.relays();
    this.#relays = new Map(relays.map((relay) => [relay.id, relay]));
    for (const about of this.#sources.sinceStart()) this.#hosts.set(about.host, about);
    // Where there are many it takes a while, and nobody waits for it.
    if (relays.length > 0) void this.#readDisk();
  }

  async #readDisk(): Promise<void> {
    if (this.#clock.monotonic() - this.#readDiskMs < diskAgainMs) return;
    this.#readDiskMs = this.#clock.monotonic();
    const found = await this.#sources.onDisk().catch(() => undefined);
    if (found === undefined) return;
    // Those that are forgotten there are forgotten here.
    this.#hosts = new Map(found.map((about) => [about.host, about]));
    for (const about of this.#sources.sinceStart()) this.#hosts.set(about.host, about);
  }

  /**
   * Hosts of which nothing is there, whoever brings it.
   *
   * @param all of the spool
   */
  withoutOutput(all: readonly SpoolSummary[]): readonly PartRow[] {
    if (this.#hosts.size === 0) return [];
    const spooled = new Set<string>(all.map(({ host }) => host));
    return [...this.#hosts.values()].flatMap((about) => {
      if (spooled.has(about.host)) return [];
      const { host, relayName } = about;
      const base = { host, source: `push relay ${relayName}`, failures: 0 };
      return { ...base, ...this.#judge(about, undefined, 0) };
    });
  }

  /** Undefined for a host that no relay writes for. */
  difference(summary: SpoolSummary, silentAfterMs: number): Difference | undefined {
    const about = this.#hosts.get(summary.host);
    // A host that has another way by now is no matter of its former relay.
    if (about === undefined || !isWayOf(about, summary)) return undefined;
    return this.#judge(about, summary, silentAfterMs);
  }

  /** When a host was seen to be otherwise than before, in milliseconds since 1970. */
  changedMs({ host }: { readonly host: string }, { state, fault }: Difference): number {
    const key = `${state} ${fault?.code} ${fault?.atMs} ${fault?.line}`;
    const before = this.#shown.get(host);
    if (before?.key === key) return before.atMs;
    const nowMs = this.#clock.now();
    const changedMs = before === undefined && fault === undefined ? 0 : nowMs;
    this.#shown.set(host, { key, atMs: changedMs });
    return changedMs;
  }

  /** Nothing of a host that has another way by now. */
  facts(host: HostName, newest: SpoolSummary | undefined): readonly Fact[] {
    const about = this.#hosts.get(host);
    if (about === undefined || !isWayOf(about, newest)) return [];
    const relay = this.#relays.get(about.relay);
    const others = about.others ?? [];
    return [
      { label: 'Relay', value: about.relayName },
      relay === undefined
        ? { label: 'State', ...unknown }
        : { label: 'State', ...this.#describe(relay) },
      ...(relay === undefined
        ? []
        : [{ label: 'Last contact', value: '', atMs: relay.lastContactMs }]),
      ...(others.length === 0 ? [] : [{ label: 'Also brought by', value: others.join(' ') }]),
    ];
  }

  /** Relays that are not heard of. */
  notices(): readonly Notice[] {
    const nowMs = this.#clock.now();
    return [...this.#relays.values()]
      .filter(({ lastContactMs }) => nowMs - lastContactMs < longestNoticeMs)
      .flatMap((relay) => {
        const { name, hosts, lastContactMs: sinceMs } = relay;
        const { value, level } = this.#describe(relay);
        const text = `relay ${name} ${value}: it brings nothing new of its ${counted(hosts, 'host')}`;
        return level === 'ok' ? [] : [{ text, sinceMs }];
      })
      .slice(0, mostNotices);
  }

  #judge(about: RelayedHost, summary: SpoolSummary | undefined, usualMs: number): Difference {
    const nowMs = this.#clock.now();
    const { fault, everyMs, maxAgeMs = 0 } = about;
    const silentAfterMs = Math.max(usualMs, maxAgeMs);
    const always = { everyMs, ...(summary === undefined ? {} : { silentAfterMs }) };
    if (isFaultOfNow(fault, summary, nowMs)) {
      const line = toLine(about, fault.code, `relay ${about.relayName}: ${fault.line}`);
      return { ...always, state: stateOf(fault.code), fault: { ...line, atMs: fault.atMs } };
    }
    const isOld = summary === undefined || nowMs - summary.producedAt.getTime() > silentAfterMs;
    const silence = isOld ? this.#silenceOf(about, summary) : undefined;
    const young: HostState = summary === undefined ? 'never' : 'fresh';
    return silence === undefined
      ? { ...always, state: young }
      : { ...always, state: summary === undefined ? 'silent' : young, fault: silence };
  }

  /** As the site would say it of the host, whose relay is silent. */
  #silenceOf(about: RelayedHost, summary: SpoolSummary | undefined): FaultLine | undefined {
    const relay = this.#relays.get(about.relay);
    const { level, value } = relay === undefined ? unknown : this.#describe(relay);
    const code = summary === undefined ? 'NO_OUTPUT' : 'STALE';
    const nowMs = this.#clock.now();
    if (level === 'ok') {
      const lastMs = findNeglect(about, summary, nowMs);
      const what = `relay ${about.relayName} tells nothing of it any more`;
      return lastMs === undefined ? undefined : { ...toLine(about, code, what), atMs: lastMs };
    }
    const told = about.fault?.atMs ?? summary?.receivedAt.getTime() ?? 0;
    const atMs = relay?.lastContactMs ?? told;
    return { ...toLine(about, code, `relay ${about.relayName} ${value}`), atMs };
  }

  /** Without lengths of time, which would not go on. */
  #describe(relay: RelayRecord): { readonly value: string; readonly level: Level } {
    if (describeSilence(relay, this.#clock.now()) === undefined) return heardOf;
    const how = relay.isEnded ? 'was stopped' : 'is silent';
    const { refusal } = relay;
    return {
      value: refusal === undefined ? how : `${how}, refused: ${refusal.message}`,
      level: 'bad',
    };
  }
}

const heardOf = { value: 'is heard of', level: 'ok' } as const;
const unknown = { value: 'is not known any more', level: 'bad' } as const;

function toLine({ host }: RelayedHost, code: keyof typeof faults, message: string) {
  return { code, line: stderrLine(new CourierError(code, message), ['relay', host]) };
}

function stateOf(code: keyof typeof faults): HostState {
  if (code === 'NO_OUTPUT') return 'never';
  return faults[code].silence ? 'silent' : 'faulty';
}
