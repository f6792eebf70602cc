/** The body of a request: bounded in size, memory and time. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { longestTimerMs } from '../clock.ts';
import { formatLimit } from '../times/durations.ts';
import { findDamage, onInterruption } from './interruption.ts';
import type { Budget } from './limits.ts';
import { Refusal } from './refusal.ts';

export interface BodyLimits {
  readonly maxBytes: number;
  /** For the whole body, from now. */
  readonly deadlineMs: number;
  /** Between two chunks. */
  readonly stallMs: number;
}

interface Arrival {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** A body in memory; `release` gives its share of the budget back, and may be called twice. */
export interface Body {
  readonly bytes: Buffer;
  readonly release: () => void;
}

/**
 * Reads a body to its end. Only here is a waiting sender told to go on (Expect: 100-continue), so
 * that a sender that was refused before sends nothing.
 *
 * @throws Refusal 413, 408, 503, or 400 when the connection is lost
 */
export async function readBody(
  arrival: Arrival,
  limits: BodyLimits,
  budget: Budget,
): Promise<Body> {
  const { request, response } = arrival;
  const damage = findDamage(request);
  if (damage !== undefined) throw damage;
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > limits.maxBytes) throw tooLarge(limits);
  if (request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue();
  const collector = new Collector(request, declared, { limits, budget });
  try {
    const bytes = await collector.finish();
    return { bytes, release: collector.release };
  } catch (error) {
    collector.release();
    throw error;
  }
}

/** Bodies of a declared length up to this are copied to one place as they come. */
const largestPlace = 256 * 1024;

interface Bounds {
  readonly limits: BodyLimits;
  readonly budget: Budget;
}

class Collector {
  readonly #request: IncomingMessage;
  readonly #limits: BodyLimits;
  readonly #budget: Budget;
  /**
   * Copied, since a chunk is a view of the 64 kB buffer it was read into, and keeping it would keep
   * all of them.
   */
  readonly #place: Buffer | undefined;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(request: IncomingMessage, declared: number, { limits, budget }: Bounds) {
    this.#request = request;
    this.#limits = limits;
    this.#budget = budget;
    const isSmall = declared > 0 && declared <= largestPlace;
    this.#place = isSmall ? Buffer.allocUnsafeSlow(declared) : undefined;
  }

  release = (): void => {
    this.#budget.giveBack(this.#bytes);
    this.#bytes = 0;
  };

  finish(): Promise<Buffer> {
    const request = this.#request;
    const { deadlineMs, stallMs } = this.#limits;
    return new Promise((resolve, reject) => {
      const expireAfter = (limitMs: number) =>
        setTimeout(() => settle(() => reject(tooSlow(limitMs))), Math.min(limitMs, longestTimerMs));
      const deadline = expireAfter(deadlineMs);
      const stall = expireAfter(stallMs);
      const settle = (end: () => void) => {
        clearTimeout(deadline);
        clearTimeout(stall);
        forget();
        request.off('data', take).off('end', finished).off('error', lost).off('close', lost);
        end();
      };
      const forget = onInterruption(request, (refusal) => settle(() => reject(refusal)));
      const take = (chunk: Buffer) => {
        stall.refresh();
        try {
          this.#take(chunk);
        } catch (error) {
          settle(() => reject(error));
        }
      };
      const finished = () => settle(() => resolve(this.#join()));
      const lost = () => settle(() => reject(connectionLost()));
      request.on('data', take).on('end', finished).on('error', lost).on('close', lost);
      // The connection may have closed while the sender was identified; then no further event
      // comes.
      if (request.destroyed && !request.readableEnded) lost();
    });
  }

  #take(chunk: Buffer): void {
    if (this.#bytes + chunk.length > this.#limits.maxBytes) throw tooLarge(this.#limits);
    this.#budget.take(chunk.length);
    if (this.#place === undefined) this.#chunks.push(chunk);
    else chunk.copy(this.#place, this.#bytes);
    this.#bytes += chunk.length;
  }

  #join(): Buffer {
    return this.#place?.subarray(0, this.#bytes) ?? Buffer.concat(this.#chunks, this.#bytes);
  }
}

function tooLarge({ maxBytes }: BodyLimits): Refusal {
  return new Refusal('too-large', `the request has more than the allowed ${maxBytes} bytes`);
}

function tooSlow(limitMs: number): Refusal {
  return new Refusal('too-slow', `the request was not complete in time (${formatLimit(limitMs)})`);
}

function connectionLost(): Refusal {
  return new Refusal('bad-request', 'the connection was lost before the request was complete');
}

/** How long a refused sender may go on sending what nobody reads, before it is cut off. */
export const lingerMs = 3000;

/** Lets a sender that is still sending read our answer: a reset at once would take it away. */
export function letLinger(request: IncomingMessage): void {
  if (request.complete) return;
  request.resume();
  const timer = setTimeout(() => {
    if (!request.complete) request.socket.destroy();
  }, lingerMs);
  timer.unref();
  request.once('close', () => clearTimeout(timer));
}
