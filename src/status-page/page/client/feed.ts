/**
 * Documents and their changes from the server, for one view at a time: by a stream of events, or by
 * asking every few seconds while another tab of the browser has the stream.
 */

import type { DeltaEvent, GoneEvent, SnapshotEvent } from '../../events.ts';
import type { Document } from '../../model.ts';
import { documentAddress, eventsAddress } from './place.ts';

export interface Listener {
  onDocument(view: string, document: Document): void;
  onDelta(view: string, delta: DeltaEvent): void;
  /** The server does not answer; it is asked again. */
  onAway(): void;
  /** There is nothing more to come. */
  onEnd(why: End, problem?: string): void;
}

/** `proxy`: a web server ahead of the page wants a login. */
export type End = GoneEvent['why'] | 'fault' | 'proxy';

const pollMs = 10_000;
const againMs = 2000;
/** A stream that says nothing for so long may have died unnoticed. */
const silenceMs = 45_000;

export class Feed {
  readonly #listener: Listener;
  #view = '/';
  #mode: 'stream' | 'poll' | 'none' = 'none';
  #stream: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Ends what an earlier start has asked for. */
  #asking = new AbortController();

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  get mode(): 'stream' | 'poll' | 'none' {
    return this.#mode;
  }

  /** Begins anew, with this view and in this way; the first that comes is the whole document. */
  start(view: string, mode: 'stream' | 'poll'): void {
    this.stop();
    this.#view = view;
    this.#mode = mode;
    if (mode === 'stream') this.#open();
    else void this.#poll();
  }

  stop(): void {
    this.#mode = 'none';
    this.#close();
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#stream?.close();
    this.#stream = undefined;
    this.#asking.abort();
    this.#asking = new AbortController();
  }

  #open(): void {
    const view = this.#view;
    const stream = new EventSource(eventsAddress(view));
    this.#stream = stream;
    const on = <Data>(name: string, take: (data: Data) => void) =>
      stream.addEventListener(name, ({ data }: MessageEvent<string>) => {
        if (this.#stream !== stream) return;
        this.#waitForNext();
        take(JSON.parse(data));
      });
    on<SnapshotEvent>('snapshot', ({ document }) => this.#listener.onDocument(view, document));
    on<DeltaEvent>('delta', (delta) => this.#listener.onDelta(view, delta));
    on<GoneEvent>('gone', ({ why }) => {
      this.stop();
      this.#listener.onEnd(why);
    });
    stream.addEventListener('error', () => {
      if (this.#stream !== stream) return;
      // Why there is no stream is only told to those who ask for the document.
      this.#close();
      void this.#askWhy();
    });
    this.#waitForNext();
  }

  #waitForNext(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#close();
      this.#open();
    }, silenceMs);
  }

  async #askWhy(): Promise<void> {
    const isThere = await this.#ask();
    if (isThere === 'ended') return;
    this.#later(() => this.#open(), againMs);
  }

  async #poll(): Promise<void> {
    const isThere = await this.#ask();
    if (isThere === 'ended') return;
    this.#later(() => void this.#poll(), isThere === 'there' ? pollMs : againMs);
  }

  #later(task: () => void, delayMs: number): void {
    if (this.#mode === 'none') return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(task, delayMs);
  }

  /** Asks for the whole document once. */
  async #ask(): Promise<'there' | 'away' | 'ended'> {
    const view = this.#view;
    const { signal } = this.#asking;
    try {
      const answer = await fetch(documentAddress(view), {
        headers: { accept: 'application/json' },
        signal: AbortSignal.any([signal, AbortSignal.timeout(pollMs)]),
      });
      if (signal.aborted) return 'ended';
      if (answer.redirected || !isJson(answer)) return this.#meetStranger(answer);
      const said = await answer.json();
      if (signal.aborted) return 'ended';
      if (answer.ok) this.#listener.onDocument(view, said);
      else if (answer.status < 500 && answer.status !== 429) return this.#end(answer.status, said);
      else this.#listener.onAway();
      return answer.ok ? 'there' : 'away';
    } catch {
      if (signal.aborted) return 'ended';
      this.#listener.onAway();
      return 'away';
    }
  }

  /** Not the page but a web server ahead of it, which wants a login or says that the page is away. */
  #meetStranger(answer: Response): 'away' | 'ended' {
    if (answer.redirected || answer.status === 401) {
      this.stop();
      this.#listener.onEnd('proxy');
      return 'ended';
    }
    this.#listener.onAway();
    return 'away';
  }

  #end(status: number, { message }: { readonly message?: string }): 'ended' {
    this.stop();
    const why = status === 401 ? 'login' : status === 404 ? 'host' : 'fault';
    this.#listener.onEnd(why, message);
    return 'ended';
  }
}

function isJson(answer: Response): boolean {
  return answer.headers.get('content-type')?.startsWith('application/json') ?? false;
}
