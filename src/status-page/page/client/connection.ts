/** The line that says that the server does not answer, and since when. */

import { formatAge } from '../format.ts';
import { browserNow } from './browser-clock.ts';
import { elementOf } from './place.ts';

let awaySinceMs: number | undefined;
const age = document.createElement('span');
// Not read out every second.
age.setAttribute('aria-hidden', 'true');

export function sayAway(): void {
  if (awaySinceMs !== undefined) return;
  awaySinceMs = browserNow();
  const line = elementOf('connection');
  const since = new Date(awaySinceMs).toLocaleTimeString();
  line.replaceChildren(
    `The server has not answered since ${since}. What is shown is from then.`,
    age,
  );
  line.hidden = false;
  document.documentElement.dataset['connection'] = 'away';
  count();
}

export function sayThere(): void {
  document.documentElement.dataset['connection'] = 'live';
  if (awaySinceMs === undefined) return;
  awaySinceMs = undefined;
  const line = elementOf('connection');
  line.hidden = true;
  line.replaceChildren();
}

function count(): void {
  if (awaySinceMs === undefined) return;
  age.textContent = formatAge(browserNow() - awaySinceMs);
  setTimeout(count, 1000);
}
