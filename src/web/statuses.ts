/** The meaning of the status of an answer. */

import { CourierError, type FaultCode, quote } from '../faults/errors.ts';
import type { WebResponse } from './response-reader.ts';

/** Everything else but 200 is PEER. */
const meanings: Readonly<Record<number, FaultCode>> = {
  204: 'NO_OUTPUT',
  401: 'REFUSED',
  403: 'REFUSED',
  404: 'NO_OUTPUT',
  // A proxy that wants credentials.
  407: 'REFUSED',
  410: 'NO_OUTPUT',
  // nginx: the client certificate is wrong, or there is none.
  495: 'REFUSED',
  496: 'REFUSED',
};

/**
 * Lets only a 200 pass.
 *
 * @param place where it came from, for the error
 * @throws CourierError NO_OUTPUT, REFUSED or PEER
 */
export function checkStatus(response: WebResponse, place: string): void {
  if (response.status === 200) return;
  const code = meanings[response.status] ?? 'PEER';
  throw new CourierError(code, `${place}: ${showStatus(response)}${hintFor(response)}`);
}

/** `the peer answered 404 "Not Found"`. */
export function showStatus({ status, statusText }: WebResponse): string {
  return `the peer answered ${status}${statusText === '' ? '' : ` ${quote(statusText)}`}`;
}

/** What the page says beyond the status. */
function hintFor(response: WebResponse): string {
  if (isRedirect(response.status)) return '; --redirects N follows it';
  const said = firstWords(response);
  return said === '' || `${response.status} ${response.statusText}`.includes(said)
    ? ''
    : `, saying ${quote(said)}`;
}

export function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

/** The title of an HTML page, else the first line that holds anything but markup. */
function firstWords({ body, headers }: WebResponse): string {
  if (headers.has('content-encoding')) return '';
  const text = body.toString('utf8');
  const told = /^\s*\{/.test(text) ? wordsOfJson(text) : undefined;
  if (told !== undefined) return told;
  const title = /<title[^>]*>([^<]*)/i.exec(text)?.[1];
  const lines = text.replace(/<[^>]*>?/g, ' ').split('\n');
  return (title ?? lines.find((line) => /\w/.test(line)) ?? '').trim();
}

/** What APIs call the sentence that says what is wrong. */
const wordKeys = ['message', 'desc', 'reason', 'detail', 'error_description', 'title', 'error'];

/** That sentence: `{ "error": { "message": … } }`, `{ "desc": … }`; undefined where there is none. */
function wordsOfJson(text: string): string | undefined {
  try {
    return findWords(JSON.parse(text), 4);
  } catch {
    return undefined;
  }
}

function findWords(value: unknown, deepest: number): string | undefined {
  if (typeof value === 'string') return value.trim() || undefined;
  if (typeof value !== 'object' || value === null || deepest === 0) return undefined;
  if (Array.isArray(value)) return findWords(value[0], deepest - 1);
  for (const key of [...wordKeys, 'errors']) {
    const own: unknown = Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
    const found = findWords(own, deepest - 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
