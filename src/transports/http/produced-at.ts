/** When the host produced what a web server served. */

export interface DateHeaders {
  readonly date: string | undefined;
  readonly lastModified: string | undefined;
  /** Seconds since the origin server made or checked the response, from a cache on the way. */
  readonly age: string | undefined;
}

/**
 * The moment of production by our clock, whatever the peer's clock says: the time between its
 * own Last-Modified and Date is right even when both are wrong (RFC 9111 4.2.3 does the same).
 *
 * Without Last-Modified the response was made when it was asked for, or `Age` seconds before.
 * A Last-Modified later than Date comes out in the future.
 *
 * @param now milliseconds since the epoch
 * @returns undefined when no header tells
 */
export function findProducedAt(headers: DateHeaders, now: number): Date | undefined {
  const date = parseHttpDate(headers.date);
  const lastModified = parseHttpDate(headers.lastModified);
  const ageMs = parseAge(headers.age);
  if (lastModified === undefined) {
    return date === undefined && ageMs === undefined ? undefined : new Date(now - (ageMs ?? 0));
  }
  if (date === undefined) return new Date(lastModified);
  return new Date(now - (date - lastModified) - (ageMs ?? 0));
}

/** How far the peer's clock is ahead of ours, in milliseconds; undefined when it does not tell. */
export function findSkew(headers: DateHeaders, now: number): number | undefined {
  const date = parseHttpDate(headers.date);
  return date === undefined ? undefined : date + (parseAge(headers.age) ?? 0) - now;
}

/** Milliseconds since the epoch. Only the form servers must use: RFC 9110 5.6.7, IMF-fixdate. */
function parseHttpDate(text: string | undefined): number | undefined {
  if (text === undefined || !imfFixdate.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

const imfFixdate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** Seconds as digits (RFC 9111 5.1) → milliseconds. */
function parseAge(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) * 1000 : undefined;
}
