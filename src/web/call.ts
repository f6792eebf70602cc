/** A request that is more than a GET for output. */

import type { HeaderLine } from './header-lines.ts';

export interface WebCall {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** For the peer that was asked alone: a redirect or a link to another origin does not get them. */
  readonly headers: readonly HeaderLine[];
  readonly body?: Buffer;
  /** Whether the whole body of an answer is wanted; of others only what explains a failure. */
  wants(status: number): boolean;
  /** Takes a wanted body piece by piece as it arrives, in place of collecting it; throws to end it. */
  take?(piece: Buffer): void;
}

/** RFC 9110 9.2.2: what may be sent again over a new connection when the old one was lost. */
export function mayBeRepeated(call: WebCall | undefined): boolean {
  return call === undefined || call.method === 'GET' || call.method === 'HEAD';
}
