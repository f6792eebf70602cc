/** When the host says it produced its output. */

import { Refusal } from './refusal.ts';

/** Clocks differ; a time further ahead is a mistake. */
const maxSkewMs = 5 * 60_000;
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)$/;
const httpDate = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/**
 * `X-Produced-At`: seconds since the epoch (`date +%s`), RFC 3339, or an HTTP date.
 *
 * @throws Refusal 400 when it is none of them, or in the future
 */
export function parseProducedAt(
  header: string | readonly string[] | undefined,
  now: number,
): Date | undefined {
  if (header === undefined) return undefined;
  const text = header.toString().trim();
  const ms = toMs(text);
  if (ms === undefined || !(ms > 0)) {
    throw new Refusal(
      'bad-request',
      'X-Produced-At must be seconds since 1970 or a time as in RFC 3339',
    );
  }
  if (ms > now + maxSkewMs) throw new Refusal('bad-request', 'X-Produced-At is in the future');
  return new Date(ms);
}

function toMs(text: string): number | undefined {
  if (/^\d{1,11}(?:\.\d{1,9})?$/.test(text)) return Number(text) * 1000;
  return instant.test(text) || httpDate.test(text) ? Date.parse(text) : undefined;
}
