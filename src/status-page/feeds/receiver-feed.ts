/** What the page learns from the receiver in its own process: hosts that push, and their updates. */

import type { Clock } from '../../clock.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import type { HostName } from '../../names/host-name.ts';
import type { Receiver } from '../../receiver/receiver.ts';
import type { RegisteredHost } from '../../receiver/state/hosts.ts';
import { wasOpened } from '../../spool/origins.ts';
import type { SpoolSummary } from '../../spool/spool.ts';
import { version } from '../../version.ts';
import type { Batch, Feed, PartHost, PartRow } from '../feed.ts';
import { Slices } from '../fleet/slices.ts';
import type { Fact, Panel, Part } from '../model.ts';
import { toNotices } from './beside-tables.ts';
import { brokerMetrics, toBrokerTable } from './broker-table.ts';
import { type Figures, toCountTable, toFigures, toFurtherTable } from './figures.ts';
import { receiverFigures } from './receiver-figures.ts';
import { type ReceiverTables, relayMetrics } from './receiver-tables.ts';
import type { Registrations } from './registrations.ts';
import type { RelayedHosts } from './relayed-hosts.ts';
import type { Remembered } from './remembered.ts';
import type { SpooledParts } from './spooled-parts.ts';

/** A host that pushes and has sent nothing for so long is silent: what the spool gives out at most. */
const silentAfterMs = 5 * 60_000;
/** Two clocks of one machine that is set back a little must not hide what came meanwhile. */
const overlapMs = 2000;
const batchRows = 512;

/** What hosts are asked for by agent updates; empty where there are none. */
export type DescribeUpdate = (host: HostName) => Promise<readonly Fact[]>;

interface Around {
  readonly parts: SpooledParts;
  readonly remembered: Remembered;
  readonly figures: Figures;
  readonly describeUpdate: DescribeUpdate;
  readonly tables: ReceiverTables;
  readonly registrations: Registrations;
  readonly relayed: RelayedHosts;
  /** When the receiver was. */
  readonly startedAt: Date;
}

export class ReceiverFeed implements Feed {
  readonly name = 'receiver';
  readonly #receiver: Receiver;
  readonly #around: Around;
  readonly #clock: Clock;
  readonly #startedAt: Date;
  #listed = 0;
  #missing = 0;
  #epoch = 0;

  constructor(receiver: Receiver, around: Around, clock: Clock) {
    this.#receiver = receiver;
    this.#around = around;
    this.#clock = clock;
    this.#startedAt = around.startedAt;
  }

  async part(): Promise<Part> {
    const trouble = this.#receiver.insight?.findTrouble();
    await this.#around.relayed.refresh();
    const broker = this.#receiver.insight?.storage.broker;
    // A broker without which nothing is taken is the trouble itself.
    const ofBroker = trouble === undefined ? toNotices({ broker }) : [];
    const notices = [...ofBroker, ...this.#around.relayed.notices()];
    const nowMs = this.#clock.now();
    return {
      ...{ name: 'receiver', state: trouble === undefined ? 'well' : 'ailing', version },
      ...{ pid: process.pid, heardAtMs: nowMs, startedAtMs: this.#startedAt.getTime() },
      troubles: trouble === undefined ? [] : [trouble],
      ...(notices.length === 0 ? {} : { notices }),
    };
  }

  async *list(since: string | undefined): AsyncIterable<Batch> {
    const { insight } = this.#receiver;
    if (insight === undefined) return;
    const nowMs = this.#clock.now();
    // A collector that shares the spool tells of its hosts itself.
    const all = insight.storage.summaries();
    const summaries = all.filter((summary) => !wasOpened(summary));
    const missing = await this.#findSilent(summaries);
    const { relayed } = this.#around;
    const withoutOutput = relayed.withoutOutput(all);
    this.#count(summaries.length + withoutOutput.length, missing.length);
    const run = `${this.#startedAt.getTime().toString(36)} ${this.#epoch}`;
    const cursor = `${run} ${nowMs - overlapMs}`;
    const before = since?.startsWith(`${run} `) ? Number(since.split(' ')[2]) : undefined;
    let isWhole = before === undefined;
    const isNew = (changedMs: number) => before === undefined || changedMs >= before;
    let rows: PartRow[] = [
      ...(before === undefined ? missing.map(toMissing) : []),
      ...withoutOutput.filter((row) => isNew(relayed.changedMs(row, row))),
    ];
    const slices = new Slices(this.#clock);
    for (const summary of summaries) {
      if (slices.isOver()) await slices.rest();
      const difference = relayed.difference(summary, silentAfterMs);
      const differsMs = difference === undefined ? 0 : relayed.changedMs(summary, difference);
      if (!isNew(Math.max(summary.receivedAt.getTime(), differsMs))) continue;
      rows.push({ ...toRow(summary), ...difference });
      if (rows.length < batchRows) continue;
      yield { rows, cursor, isWhole };
      [rows, isWhole] = [[], false];
    }
    yield { rows, cursor, isWhole };
  }

  /** A host less, and one more that has only registered, show only in a listing of all. */
  #count(listed: number, missing: number): void {
    if (listed + missing < this.#listed + this.#missing || missing > this.#missing)
      this.#epoch += 1;
    this.#listed = listed;
    this.#missing = missing;
  }

  /** Hosts that are registered and have never sent anything. */
  async #findSilent(summaries: readonly SpoolSummary[]): Promise<readonly string[]> {
    const registered = await this.#around.registrations.list();
    const seen = new Set<string>(summaries.map(({ host }) => host));
    return registered.map(({ host }) => host).filter((host) => !seen.has(host));
  }

  async host(host: HostName): Promise<PartHost | undefined> {
    const { insight } = this.#receiver;
    if (insight === undefined) return undefined;
    const { hosts, refused } = insight.services.state;
    const remarks: string[] = [];
    const look = async <Value>(asking: Promise<Value>): Promise<Value | undefined> => {
      try {
        return await asking;
      } catch (thrown) {
        remarks.push(asCourierError(thrown, 'looking at what is known of it').message);
        return undefined;
      }
    };
    const registered = await look(hosts.byName(host));
    const refusal = await look(refused.read(host));
    const update = (await look(this.#around.describeUpdate(host))) ?? [];
    // What a collector put there may have come from the relay, over a broker.
    const newest = insight.storage
      .summaries()
      .find((summary) => summary.host === host && !wasOpened(summary));
    const far = this.#around.relayed.facts(host, newest);
    const isKnown = registered !== undefined || refusal !== undefined || far.length > 0;
    if (!isKnown && !insight.storage.has(host)) {
      return update.length === 0 ? undefined : { update };
    }
    const parts = await this.#around.parts.find(host);
    return {
      ...parts,
      remarks: [...remarks, ...(parts.remarks ?? [])],
      series: this.#around.remembered.seriesOfHost(host),
      update,
      relayed: far,
      registration: registered === undefined ? [] : describeRegistration(registered),
      refusal: refusal && {
        ...{ code: refusal.reason, line: refusal.message },
        atMs: Date.parse(refusal.refusedAt),
      },
    };
  }

  async panels(signal: AbortSignal): Promise<readonly Panel[]> {
    const now = this.#around.figures.current();
    const broker = this.#receiver.insight?.storage.broker;
    const refusals = {
      ...{ name: 'refusals', title: 'Refusals by reason', metric: 'refusals_total' },
      ...{ label: 'Reason', whenEmpty: 'Nothing was refused since the start.' },
    };
    return [
      {
        ...{ name: 'receiver', title: 'Receiver', part: 'receiver' },
        figures: toFigures(now, this.#around.remembered.seriesOf(receiverFigures)),
        tables: [
          toCountTable(now, refusals),
          ...(broker === undefined ? [] : [toBrokerTable(broker)]),
          ...(await this.#around.tables.list(signal)),
          toFurtherTable(now, ['refusals_total', ...brokerMetrics, ...relayMetrics]),
        ],
      },
    ];
  }
}

function toRow({ host, bytes, producedAt, origin }: SpoolSummary): PartRow {
  return {
    ...{ host, state: 'fresh', source: `push ${origin}`, bytes, failures: 0, silentAfterMs },
    producedAtMs: producedAt.getTime(),
  };
}

function toMissing(host: string): PartRow {
  return { host, state: 'never', source: 'push', failures: 0 };
}

function describeRegistration(registered: RegisteredHost): readonly Fact[] {
  const { uuid, mode, registeredAt, registeredBy, certificates, piggyback, tookOver } = registered;
  const [last] = certificates.map(({ notAfter }) => Date.parse(notAfter)).sort((a, b) => b - a);
  return [
    { label: 'UUID', value: uuid },
    { label: 'Mode', value: mode },
    { label: 'Registered', value: `by ${registeredBy}`, atMs: Date.parse(registeredAt) },
    ...(last === undefined ? [] : [{ label: 'Certificate', value: 'ends', atMs: last }]),
    ...(piggyback.length === 0 ? [] : [{ label: 'Piggyback for', value: piggyback.join(' ') }]),
    ...(tookOver === undefined
      ? []
      : [{ label: 'Took over from', value: tookOver.uuid, atMs: Date.parse(tookOver.at) }]),
  ];
}
