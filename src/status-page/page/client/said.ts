/** Tells those who hear the page how the fleet changes, and not too often. */

import type { Document } from '../../model.ts';
import { formatCount } from '../format.ts';
import { browserNow } from './browser-clock.ts';
import { elementOf } from './place.ts';

const leastBetweenMs = 15_000;

let lacking: number | undefined;
let saidAtMs = 0;

export function sayChange(shown: Document): void {
  if (shown.view !== 'fleet') return;
  const { faulty, silent, never } = shown.totals;
  const count = faulty + silent + never;
  const now = browserNow();
  if (lacking === undefined) lacking = count;
  if (count === lacking || now - saidAtMs < leastBetweenMs) return;
  const change = count > lacking ? 'more' : 'fewer';
  elementOf('said').textContent =
    `${formatCount(count)} hosts without output, ${formatCount(Math.abs(count - lacking))} ${change}`;
  lacking = count;
  saidAtMs = now;
}
