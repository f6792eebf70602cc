/** What the centre answered, as an answer or a refusal of our own. */

import type { Answer } from '../../receiver/exchange.ts';
import { type Reason, Refusal } from '../../receiver/refusal.ts';
import type { CentreAnswer } from './centre.ts';

const meanings: Readonly<Record<number, Reason>> = {
  400: 'bad-request',
  404: 'not-found',
  408: 'too-slow',
  410: 'gone',
  413: 'too-large',
  426: 'needs-tls',
  429: 'too-many',
  503: 'overloaded',
};

/** Of everything but 200 and 403. */
export function toRefusal({ status, headers }: CentreAnswer): Refusal {
  const reason = meanings[status];
  if (reason === undefined) return centreAway(`it answered ${status}`);
  const [, seconds] = /^([1-9]\d{0,4})$/.exec(headers.get('retry-after') ?? '') ?? [];
  const retry = seconds === undefined ? {} : { retryAfterS: Number(seconds) };
  return new Refusal(reason, `the centre answered ${status}`, retry);
}

export function centreAway(why: string, cause?: unknown): Refusal {
  return new Refusal('centre-away', `the centre of agent updates cannot be asked: ${why}`, {
    cause,
  });
}

export function textAnswer(body: Buffer): Answer {
  return { status: 200, body, type: 'text/plain' };
}
