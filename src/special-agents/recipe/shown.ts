/** What is asked and answered, for recordings and for those who try a recipe. */

import { cleanText } from '../../faults/errors.ts';
import { redactSecrets } from '../../faults/redaction.ts';
import type { ShownRequest } from '../exchange.ts';
import type { WebRequest } from './http-kind.ts';
import type { Reply } from './step.ts';

/** As it is sent, without the credentials that go with every request. */
export function showRequest({ method, place, headers, body }: WebRequest): ShownRequest {
  const { url, socketPath } = place;
  const origin =
    socketPath === undefined ? url.origin : `http+unix://${encodeURIComponent(socketPath)}`;
  return {
    line: `${method} ${origin}${url.pathname}${url.search}`,
    headers: headers.map(({ name, value }) => `${name}: ${value}`),
    body: body?.toString() ?? '',
  };
}

const longestShown = 400;

/** `nodes: GET https://… → 200, 1234 bytes: {"records":…`. */
export function traceReply(step: string, { line }: ShownRequest, { status, body }: Reply): string {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.concat(Object.values(body));
  // A secret that only begins in what is looked at would not be struck: it is far behind what is shown.
  const seen = redactSecrets(bytes.toString('utf8', 0, 20 * longestShown));
  const start = cleanText(seen.slice(0, 2 * longestShown), longestShown);
  const how = status === undefined ? '' : `${status}, `;
  return `${step}: ${redactSecrets(line)} → ${how}${bytes.length} bytes: ${start}`;
}

/** `nodes: 3 records, the first: {"name":"n1"}`. */
export function traceValue(step: string, value: unknown): string {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  const shown = cleanText(JSON.stringify(first) ?? 'nothing', longestShown);
  if (!Array.isArray(value)) return `${step}: ${shown}`;
  return `${step}: ${value.length} records${value.length === 0 ? '' : `, the first: ${shown}`}`;
}
