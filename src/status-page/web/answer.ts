/** What is sent, always with the same safeguards. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const compress = promisify(gzip);
/** Less is not worth it. */
const worthBytes = 1400;

/**
 * Nothing but scripts, styles and images of this server, nothing inline, in no frame. With
 * `no-referrer` browsers would not say where a form comes from.
 */
const safeguards: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** Set before anything else is done, so that no answer can be without. */
export function setSafeguards(response: ServerResponse): void {
  for (const [name, text] of Object.entries(safeguards)) response.setHeader(name, text);
}

export interface Body {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  /** The text compressed, where it is always the same; compressed anew for each answer without. */
  readonly packed?: () => Promise<Buffer>;
}

export function pack(plain: Buffer): Promise<Buffer> {
  return compress(plain, { level: 5 });
}

export async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, type, text, packed }: Body,
): Promise<void> {
  const plain = Buffer.from(text);
  const isSmall = plain.length < worthBytes;
  const takesGzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const isCompressed = !isSmall && takesGzip;
  const bytes = isCompressed ? await (packed?.() ?? pack(plain)) : plain;
  response.statusCode = status;
  response.setHeader('content-type', type);
  response.setHeader('vary', 'accept-encoding');
  if (isCompressed) response.setHeader('content-encoding', 'gzip');
  response.setHeader('content-length', bytes.length);
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

export const html = 'text/html; charset=utf-8';
export const json = 'application/json; charset=utf-8';

export function redirect(response: ServerResponse, location: string): void {
  response.statusCode = 303;
  response.setHeader('location', location);
  response.setHeader('content-length', 0);
  response.end();
}

/** Whether a script asks, and not a form or a link. */
export function wantsJson({ headers: { accept = '' } }: IncomingMessage): boolean {
  return accept.includes('application/json');
}
