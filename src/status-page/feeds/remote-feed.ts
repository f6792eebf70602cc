/**
 * What the page learns from a process of the same user, over its Unix socket. What comes is believed
 * because nobody else may listen there, and is checked all the same: another version may speak.
 */

import { type IncomingMessage, request } from 'node:http';
import { z } from 'zod';
import type { Clock } from '../../clock.ts';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import type { HostName } from '../../names/host-name.ts';
import { requireTrusted } from '../../system/trusted-path.ts';
import type { Batch, Feed, PartHost } from '../feed.ts';
import type { Panel, Part, PartName } from '../model.ts';
import { batchShape, hostShape, panelsShape, partShape } from './shapes.ts';

/** Larger answers are no page of ours. */
const mostBytes = 8 * 1024 * 1024;
const longestLine = 4 * 1024 * 1024;

export class RemoteFeed implements Feed {
  readonly name: PartName;
  readonly #path: string;
  readonly #clock: Clock;

  constructor(name: PartName, path: string, clock: Clock) {
    this.name = name;
    this.#path = path;
    this.#clock = clock;
  }

  async part(signal: AbortSignal): Promise<Part> {
    try {
      const part = await this.#ask('/part', partShape, signal);
      const nowMs = this.#clock.now();
      return { ...part, heardAtMs: nowMs };
    } catch (thrown) {
      if (!['ENOENT', 'ECONNREFUSED'].includes(errorCode(thrown) ?? '')) throw this.#fault(thrown);
      return { name: this.name, state: 'absent', troubles: [] };
    }
  }

  async *list(since: string | undefined, signal: AbortSignal): AsyncIterable<Batch> {
    const search = since === undefined ? '' : `?${new URLSearchParams({ since })}`;
    const response = await this.#open(`/rows${search}`, signal);
    let isComplete = false;
    for await (const line of this.#lines(response)) {
      yield parse(line, batchShape);
      isComplete = response.complete;
    }
    if (!isComplete && !response.complete) throw this.#fault(new Error('the answer broke off'));
  }

  /** No more than the longest line is ever in memory. */
  async *#lines(response: IncomingMessage): AsyncIterable<string> {
    response.setEncoding('utf8');
    let rest = '';
    for await (const chunk of response) {
      const [first = '', ...others] = String(chunk).split('\n');
      rest += first;
      for (const next of others) {
        yield rest;
        rest = next;
      }
      if (rest.length > longestLine) throw this.#fault(new Error('a line has no end'));
    }
    if (rest !== '') yield rest;
  }

  async host(host: HostName, signal: AbortSignal): Promise<PartHost | undefined> {
    const path = `/host/${encodeURIComponent(host)}`;
    return (await this.#ask(path, hostShape.nullable(), signal)) ?? undefined;
  }

  panels(signal: AbortSignal): Promise<readonly Panel[]> {
    return this.#ask('/panels', panelsShape, signal);
  }

  fetchNow(host: HostName, signal: AbortSignal): Promise<boolean> {
    return this.#ask(`/fetch/${encodeURIComponent(host)}`, z.boolean(), signal);
  }

  async whyLeft(host: HostName, signal: AbortSignal): Promise<string | undefined> {
    const path = `/left/${encodeURIComponent(host)}`;
    return (await this.#ask(path, z.string().nullable(), signal)) ?? undefined;
  }

  async #ask<Value>(path: string, shape: z.ZodType<Value>, signal: AbortSignal): Promise<Value> {
    const response = await this.#open(path, signal);
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response) {
      const piece = Buffer.from(chunk);
      bytes += piece.length;
      if (bytes > mostBytes) throw this.#fault(new Error('the answer is no end of text'));
      chunks.push(piece);
    }
    return parse(Buffer.concat(chunks).toString(), shape);
  }

  async #open(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    await requireTrusted(this.#path);
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath: this.#path, path, signal, agent: false }, (response) => {
        if (response.statusCode === 200) return resolve(response);
        response.resume();
        reject(this.#fault(new Error(`status ${response.statusCode}`)));
      });
      asked.on('error', reject);
      asked.end();
    });
  }

  #fault(cause: unknown): CourierError {
    return asCourierError(cause, `asking the ${this.name} at ${this.#path}`);
  }
}

function parse<Value>(text: string, shape: z.ZodType<Value>): Value {
  try {
    return shape.parse(JSON.parse(text));
  } catch (cause) {
    throw new CourierError('PEER', 'the answer of another part is not one this version knows', {
      cause,
    });
  }
}
