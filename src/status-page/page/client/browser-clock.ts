/** The time of the browser, which is told the time of the server with every document. */

import type { Document } from '../../model.ts';

/** Milliseconds since 1970 by the browser. */
export function browserNow(): number {
  return Date.now();
}

/** How far the server is ahead of the browser. */
export function aheadMs({ nowMs }: Pick<Document, 'nowMs'>): number {
  return nowMs - browserNow();
}
