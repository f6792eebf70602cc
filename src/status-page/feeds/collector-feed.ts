/** What the page learns from the collector in its own process. */

import type { Clock } from '../../clock.ts';
import type { Collector } from '../../collector/collector.ts';
import type { HostName } from '../../names/host-name.ts';
import { version } from '../../version.ts';
import type { Batch, Feed, PartHost, PartRow } from '../feed.ts';
import { Slices } from '../fleet/slices.ts';
import type { Panel, Part } from '../model.ts';
import { toNotices } from './beside-tables.ts';
import { collectorFigures, toCollectorPanel } from './collector-panel.ts';
import { toPartHost, toRow } from './collector-row.ts';
import type { Figures } from './figures.ts';
import type { GoneHosts } from './gone-hosts.ts';
import type { Remembered } from './remembered.ts';
import type { SpooledParts } from './spooled-parts.ts';

interface Around {
  readonly parts: SpooledParts;
  readonly remembered: Remembered;
  readonly figures: Figures;
  readonly gone: GoneHosts;
}

const batchRows = 512;
/** What a cycle that ends during a listing changes is listed again. */
const overlapMs = 50;

export class CollectorFeed implements Feed {
  readonly name = 'collector';
  readonly #collector: Collector;
  readonly #around: Around;
  readonly #clock: Clock;
  /** Of this process, so that a cursor of another one is known as such. */
  readonly #run: string;

  constructor(collector: Collector, around: Around, clock: Clock) {
    this.#collector = collector;
    this.#around = around;
    this.#clock = clock;
    this.#run = toRun(new Date(clock.now()));
  }

  async part(): Promise<Part> {
    const { insight } = this.#collector;
    const trouble = this.#collector.findTrouble();
    const nowMs = this.#clock.now();
    const notices = insight === undefined ? [] : toNotices(insight.outlets.toStatus());
    return {
      ...{ name: 'collector', state: trouble === undefined ? 'well' : 'ailing', version },
      ...{ pid: process.pid, heardAtMs: nowMs },
      ...(insight === undefined ? {} : { startedAtMs: insight.startedAt.getTime() }),
      troubles: trouble === undefined ? [] : [trouble],
      ...(notices.length === 0 ? {} : { notices }),
    };
  }

  async *list(since: string | undefined): AsyncIterable<Batch> {
    const entries = this.#collector.insight?.entries ?? [];
    const startedMs = this.#clock.monotonic();
    const before = this.#readCursor(since);
    const slices = new Slices(this.#clock);
    let isWhole = before === undefined;
    let rows: PartRow[] = [];
    // After hosts have gone, also to other members of a pool, the next question gets all again, which shows who is still there.
    const cursor = `${this.#run} ${this.#epoch} ${startedMs - overlapMs}`;
    for (const entry of entries) {
      if (slices.isOver()) await slices.rest();
      if (before !== undefined && entry.changedMs < before) continue;
      rows.push(toRow(entry));
      if (rows.length < batchRows) continue;
      yield { rows, cursor, isWhole };
      [rows, isWhole] = [[], false];
    }
    yield { rows, cursor, isWhole };
  }

  get #epoch(): string {
    return `${this.#around.gone.count}.${this.#collector.insight?.pool?.placing ?? 0}`;
  }

  #readCursor(since: string | undefined): number | undefined {
    const [run, epoch, sinceMs] = since?.split(' ') ?? [];
    if (run !== this.#run || epoch !== this.#epoch || sinceMs === undefined) return undefined;
    return Number(sinceMs);
  }

  async host(host: HostName): Promise<PartHost | undefined> {
    const entry = this.#collector.find(host);
    if (entry === undefined) return undefined;
    const clocks = { nowMs: this.#clock.now(), monotonicMs: this.#clock.monotonic() };
    const known = toPartHost(entry, clocks);
    const parts = await this.#around.parts.find(host);
    const remarks = [...(known.remarks ?? []), ...(parts.remarks ?? [])];
    return { ...known, ...parts, remarks, series: this.#around.remembered.seriesOfHost(host) };
  }

  async panels(): Promise<readonly Panel[]> {
    const { insight } = this.#collector;
    if (insight === undefined) return [];
    const { figures, remembered } = this.#around;
    return [toCollectorPanel(insight, figures.current(), remembered.seriesOf(collectorFigures))];
  }

  async fetchNow(host: HostName): Promise<boolean> {
    return this.#collector.fetchNow(host);
  }

  async whyLeft(host: HostName): Promise<string | undefined> {
    return this.#collector.whyLeft(host);
  }
}

/** Two processes do not start in the same millisecond at the same socket. */
function toRun(startedAt: Date): string {
  return startedAt.getTime().toString(36);
}
