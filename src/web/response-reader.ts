/** One request and its response, bounded in time and size. */

import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { longestTimerMs } from '../clock.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { ByteCollector } from '../system/byte-collector.ts';
import type { WebCall } from './call.ts';
import { asHttpFault, type Progress } from './http-errors.ts';
import { tooSlow } from './socket.ts';

export interface WebResponse {
  readonly status: number;
  /** Of foreign origin: to be quoted. */
  readonly statusText: string;
  /** By name in lower case; what came several times is joined with commas. */
  readonly headers: ReadonlyMap<string, string>;
  /** The whole body where it is wanted, of a 200 as a rule; else the beginning, to explain the failure. */
  readonly body: Buffer;
  /** Whether nothing of the response is left to come. */
  readonly isComplete: boolean;
  /** Whether only the end of the connection says that the body is complete. */
  readonly endsByClose: boolean;
}

export interface Limits {
  readonly headerTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly maxOutputBytes: number;
}

type Head = Omit<WebResponse, 'body' | 'isComplete'> & {
  readonly announcedBytes: number | undefined;
};

/** How much is read of bodies other than output. */
const longestExplanation = 2048;

/**
 * Collects what undici's parser reads. Settles once; the waiting caller then ends the connection.
 */
export class ResponseReader implements Dispatcher.DispatchHandler {
  readonly #settled = Promise.withResolvers<WebResponse>();
  readonly #body = new ByteCollector();
  readonly #limits: Limits;
  readonly #take: (piece: Buffer) => void;
  /** Whether pieces are taken as they come, with nothing that would decode them. */
  readonly #isTakenRaw: boolean;
  #receivedBytes = 0;
  #head: Head | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Where the request goes, for errors. */
  readonly place: string;
  /** Whether the whole body of an answer is wanted, or only what explains a failure. */
  readonly wants: (status: number) => boolean;

  /** @param call by default the body of a 200 is wanted, and collected */
  constructor(place: string, limits: Limits, call?: Pick<WebCall, 'wants' | 'take'>) {
    this.place = place;
    this.#limits = limits;
    this.wants = call === undefined ? (status) => status === 200 : (status) => call.wants(status);
    this.#isTakenRaw = call?.take !== undefined;
    this.#take = call?.take?.bind(call) ?? ((piece) => this.#body.add(piece));
  }

  /** Rejects with a CourierError. */
  get response(): Promise<WebResponse> {
    return this.#settled.promise;
  }

  /** Whether any of the response's header has been understood. */
  get hasBegun(): boolean {
    return this.#head !== undefined;
  }

  fail(reason: unknown): void {
    this.#stopTimer();
    this.#settled.reject(asHttpFault(reason, this.place, this.#progress()));
  }

  onRequestStart(): void {
    this.#allow(this.#limits.headerTimeoutMs, 'the response');
  }

  onResponseStart(_: unknown, status: number, headers: IncomingHttpHeaders, statusText = ''): void {
    // 102 and 103 come before the response proper.
    if (status < 200) return;
    this.#head = toHead(status, headers, statusText, this.wants(status));
    this.#allow(this.#limits.idleTimeoutMs, 'more of the response');
    const fault = this.#checkHead(this.#head);
    if (fault !== undefined) this.fail(fault);
    else if (this.wants(status)) this.#body.expect(this.#head.announcedBytes ?? 0);
  }

  onResponseData(_: unknown, piece: Buffer): void {
    this.#timer?.refresh();
    if (this.#head === undefined || !this.wants(this.#head.status)) {
      this.#collectExplanation(piece);
      return;
    }
    this.#receivedBytes += piece.length;
    if (this.#receivedBytes > this.#limits.maxOutputBytes) {
      this.fail(this.#tooLarge('sends more'));
      return;
    }
    try {
      this.#take(piece);
    } catch (error) {
      this.fail(error);
    }
  }

  onResponseEnd(): void {
    this.#succeed(true);
  }

  onResponseError(_: unknown, error: Error): void {
    // The explanation of a failure may be cut short; the failure itself is known.
    if (this.#head === undefined || this.wants(this.#head.status)) this.fail(error);
    else this.#succeed(false);
  }

  #collectExplanation(piece: Buffer): void {
    this.#body.add(piece.subarray(0, longestExplanation - this.#body.length));
    if (this.#body.length >= longestExplanation) this.#succeed(false);
  }

  #succeed(isComplete: boolean): void {
    this.#stopTimer();
    if (this.#head === undefined) throw new Error('a response ended before it began');
    const { announcedBytes: _, ...head } = this.#head;
    this.#settled.resolve({ ...head, isComplete, body: this.#body.bytes() });
  }

  #checkHead({ status, headers, announcedBytes = 0 }: Head): CourierError | undefined {
    // node's llhttp would hand on the bytes of any other coding as if they were the body.
    const coding = headers.get('transfer-encoding') ?? '';
    if (!/^(chunked)?$/i.test(coding)) {
      const why = `the response has the transfer encoding ${quote(coding)}, which nobody asked for`;
      return new CourierError('PEER', `${this.place}: ${why}`);
    }
    const encoding = headers.get('content-encoding') ?? '';
    if (this.#isTakenRaw && this.wants(status) && !/^(identity)?$/i.test(encoding)) {
      const why = `the response has the content encoding ${quote(encoding)}, which nobody asked for`;
      return new CourierError('PEER', `${this.place}: ${why}`);
    }
    const isTooLarge = this.wants(status) && announcedBytes > this.#limits.maxOutputBytes;
    return isTooLarge ? this.#tooLarge(`announces ${announcedBytes} bytes, more`) : undefined;
  }

  #tooLarge(how: string): CourierError {
    return new CourierError(
      'TOO_LARGE',
      `${this.place}: the peer ${how} than the allowed ${this.#limits.maxOutputBytes} bytes`,
    );
  }

  #progress(): Progress | undefined {
    if (this.#head === undefined) return undefined;
    return {
      receivedBytes: Math.max(this.#receivedBytes, this.#body.length),
      announcedBytes: this.#head.announcedBytes,
    };
  }

  #allow(timeoutMs: number, what: string): void {
    this.#stopTimer();
    const doing = `${this.place}: waiting for ${what}`;
    const expire = () => this.onResponseError(undefined, tooSlow(doing, timeoutMs));
    this.#timer = setTimeout(expire, Math.min(timeoutMs, longestTimerMs));
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function toHead(
  status: number,
  raw: IncomingHttpHeaders,
  statusText: string,
  isWanted: boolean,
): Head {
  const headers = new Map(
    Object.entries(raw).map(([name, values]) => [name, [values ?? []].flat().join(', ')]),
  );
  const length = headers.get('content-length');
  return {
    status,
    statusText,
    headers,
    announcedBytes: length === undefined ? undefined : Number(length),
    endsByClose:
      length === undefined && !headers.has('transfer-encoding') && isWanted && status !== 204,
  };
}
