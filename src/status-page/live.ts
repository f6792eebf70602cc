/**
 * Live views (server-sent events). However many browsers look at the same view, it is computed
 * once, compared with what it was, and the same bytes go to all of them.
 */

import type { ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { Logger } from '../logging/log.ts';
import type { DeltaEvent } from './events.ts';
import { toViewKey, type View } from './fleet/views.ts';
import type { Document, HostRow } from './model.ts';

/** How often what is looked at is computed again. */
const tickMs = 2000;
/** Looking at large fleets may take this part of a core, and is done less often instead. */
const partOfCore = 1 / 30;
const longestTickMs = 15_000;
/** Operations are large, and nobody sees their plots move. */
const ticksOfOperations = 5;
/** A part that does not answer is waited for by several hosts at the same time. */
const hostsAtOnce = 8;
/** How often a stream says that it is alive; proxies cut those that say nothing for a minute. */
const aliveMs = 15_000;
/** A browser that does not read is cut off when so much waits for it; it will come back. */
const mostWaitingBytes = 1024 * 1024;
const mostStreams = 512;
const mostStreamsASession = 16;
const mostViews = 256;

export interface Stream {
  readonly response: ServerResponse;
  /** Whose it is, for the limit of streams a session. */
  readonly session: string;
  /** Whether it may go on. */
  readonly isAllowed: () => Promise<boolean>;
  readonly lastEventId: string | undefined;
}

interface LiveView {
  readonly view: View;
  readonly streams: Set<Stream>;
  /** Those that wait for the first document: they count, and keep the view. */
  readonly opening: Set<Stream>;
  document: Document | undefined;
  /** Its JSON, to find what has changed. */
  fields: ReadonlyMap<string, string>;
  eventId: string;
}

export class Live {
  readonly #views = new Map<string, LiveView>();
  readonly #make: (view: View) => Promise<Document | undefined>;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** So that an id of an earlier process is never taken for one of this. */
  readonly #run: string;
  #events = 0;
  #ticks = 0;
  #aliveAtMs = 0;
  #isTold = false;

  constructor(make: (view: View) => Promise<Document | undefined>, clock: Clock, log: Logger) {
    this.#make = make;
    this.#clock = clock;
    this.#log = log;
    this.#run = new Date(clock.now()).getTime().toString(36);
  }

  get streams(): number {
    let count = 0;
    for (const { streams, opening } of this.#views.values()) count += streams.size + opening.size;
    return count;
  }

  /** @returns why not, or undefined when the stream is open */
  async open(view: View, stream: Stream): Promise<'busy' | 'unknown' | undefined> {
    const key = toViewKey(view);
    const isNew = !this.#views.has(key);
    if (this.streams >= mostStreams || (isNew && this.#views.size >= mostViews)) return 'busy';
    if (this.#countOf(stream.session) >= mostStreamsASession) return 'busy';
    const live = this.#views.get(key) ?? this.#addView(key, view);
    live.opening.add(stream);
    if (live.document === undefined) await this.#compute(live);
    live.opening.delete(stream);
    if (live.document === undefined || stream.response.destroyed) {
      this.#drop(key, live, stream);
      return 'unknown';
    }
    stream.response.once('close', () => this.#drop(key, live, stream));
    begin(stream.response);
    live.streams.add(stream);
    if (stream.lastEventId === live.eventId) write(stream, ': as it was\n\n');
    else write(stream, toSnapshot(live));
    return undefined;
  }

  /** Computes what is looked at again and again, until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    let tookMs = 0;
    while (!signal.aborted) {
      const restMs = Math.min(Math.max(tickMs, tookMs / partOfCore), longestTickMs);
      await this.#clock.sleep(restMs, signal).catch(() => undefined);
      const startMs = this.#clock.monotonic();
      if (!signal.aborted) await this.tick();
      tookMs = this.#clock.monotonic() - startMs;
    }
    for (const { streams } of this.#views.values()) {
      for (const { response } of streams) response.end();
    }
  }

  async tick(): Promise<void> {
    this.#ticks += 1;
    for (const group of toGroups([...this.#views.values()])) {
      await Promise.all(group.map((live) => this.#tend(live)));
      this.#sayAlive();
    }
  }

  async #tend(live: LiveView): Promise<void> {
    for (const stream of live.streams) if (!(await stream.isAllowed())) end(stream, 'login');
    const isResting = live.view.kind === 'operations' && this.#ticks % ticksOfOperations !== 0;
    if (live.streams.size > 0 && !isResting) await this.#update(live);
  }

  #sayAlive(): void {
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#aliveAtMs < aliveMs) return;
    this.#aliveAtMs = nowMs;
    this.#send(
      [...this.#views.values()].flatMap(({ streams }) => [...streams]),
      ': alive\n\n',
    );
  }

  #addView(key: string, view: View): LiveView {
    const live = {
      view,
      streams: new Set<Stream>(),
      opening: new Set<Stream>(),
      document: undefined,
      fields: new Map(),
      eventId: '',
    };
    this.#views.set(key, live);
    return live;
  }

  #drop(key: string, live: LiveView, stream: Stream): void {
    live.streams.delete(stream);
    if (live.streams.size + live.opening.size > 0) return;
    if (this.#views.get(key) === live) this.#views.delete(key);
  }

  #countOf(session: string): number {
    let count = 0;
    for (const { streams, opening } of this.#views.values()) {
      for (const stream of [...streams, ...opening]) if (stream.session === session) count += 1;
    }
    return count;
  }

  async #update(live: LiveView): Promise<void> {
    const before = live.document;
    const fieldsBefore = live.fields;
    if (!(await this.#compute(live))) return;
    if (live.document === undefined || before === undefined) return;
    const delta = toDelta([before, fieldsBefore], [live.document, live.fields]);
    if (delta !== undefined) this.#send(live.streams, toEvent('delta', live.eventId, delta));
  }

  /** @returns whether there is another document now */
  async #compute(live: LiveView): Promise<boolean> {
    try {
      const document = await this.#make(live.view);
      if (document === undefined) {
        for (const stream of live.streams) if (live.document !== undefined) end(stream, 'host');
        return false;
      }
      const fields = toFields(document);
      if (live.document !== undefined && isSame(fields, live.fields)) return false;
      this.#events += 1;
      live.document = document;
      live.fields = fields;
      live.eventId = `${this.#run}-${this.#events}`;
      return true;
    } catch (thrown) {
      if (!this.#isTold)
        this.#log.warn({}, `status page: ${asCourierError(thrown, 'a live view').message}`);
      this.#isTold = true;
      return false;
    }
  }

  #send(streams: Iterable<Stream>, text: string): void {
    const bytes = Buffer.from(text);
    for (const stream of streams) write(stream, bytes);
  }
}

/** Fleets are work, and take turns; hosts wait. */
function toGroups(views: readonly LiveView[]): readonly (readonly LiveView[])[] {
  const hosts = views.filter(({ view }) => view.kind === 'host');
  const groups = Array.from({ length: Math.ceil(hosts.length / hostsAtOnce) }, (_, index) =>
    hosts.slice(index * hostsAtOnce, (index + 1) * hostsAtOnce),
  );
  return [...groups, ...views.filter(({ view }) => view.kind !== 'host').map((one) => [one])];
}

function begin(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  // A browser that loses the stream waits so long before it comes back.
  response.write('retry: 3000\n\n');
}

function write({ response }: Stream, bytes: string | Buffer): void {
  if (response.writableEnded || response.destroyed) return;
  if (response.writableLength > mostWaitingBytes) response.destroy();
  else response.write(bytes);
}

function end(stream: Stream, why: 'host' | 'login'): void {
  write(stream, toEvent('gone', undefined, { why }));
  stream.response.end();
}

function toEvent(name: string, id: string | undefined, content: object): string {
  const idLine = id === undefined ? '' : `id: ${id}\n`;
  return `event: ${name}\n${idLine}data: ${JSON.stringify(content)}\n\n`;
}

function toSnapshot({ document, eventId }: LiveView): string {
  return toEvent('snapshot', eventId, { document });
}

/** Fields that count by themselves, and rows, which are compared one by one. */
function toFields(document: Document): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const [name, value] of Object.entries(document)) {
    if (name === 'nowMs' || name === 'rows' || value === undefined) continue;
    fields.set(name, JSON.stringify(name === 'parts' ? withoutTime(document) : value));
  }
  if (document.view === 'fleet') {
    for (const row of document.rows) fields.set(`row ${row.host}`, JSON.stringify(row));
    fields.set('order', JSON.stringify(document.rows.map(({ host }) => host)));
  }
  return fields;
}

/** That a part was heard a moment ago is no news. */
function withoutTime({ parts }: Document): unknown {
  return parts.map(({ heardAtMs, ...part }) =>
    part.state === 'well' ? part : { ...part, heardAtMs },
  );
}

function isSame(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  if (one.size !== other.size) return false;
  for (const [name, text] of one) if (other.get(name) !== text) return false;
  return true;
}

type Seen = readonly [document: Document, fields: ReadonlyMap<string, string>];

/** Undefined when nothing that is shown has changed. */
function toDelta([before, was]: Seen, [document, is]: Seen): DeltaEvent | undefined {
  const set: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(document)) {
    if (name === 'rows' || name === 'nowMs' || was.get(name) === is.get(name)) continue;
    set[name] = value;
  }
  // A field that is no longer there is told as null.
  for (const name of Object.keys(before)) {
    if (!(name in document) || (was.has(name) && !is.has(name))) set[name] = null;
  }
  const rows = document.view === 'fleet' ? document.rows.filter(isNew(was, is)) : [];
  const order = document.view === 'fleet' && was.get('order') !== is.get('order');
  if (Object.keys(set).length === 0 && rows.length === 0 && !order) return undefined;
  return {
    nowMs: document.nowMs,
    set,
    ...(rows.length === 0 ? {} : { rows }),
    ...(order && document.view === 'fleet' ? { order: document.rows.map(({ host }) => host) } : {}),
  };
}

function isNew(was: ReadonlyMap<string, string>, is: ReadonlyMap<string, string>) {
  return ({ host }: HostRow) => was.get(`row ${host}`) !== is.get(`row ${host}`);
}
