/** Bodies of forms: small, in time, and of no other kind. */

import type { IncomingMessage } from 'node:http';
import { PageRefusal } from './refusal.ts';

const mostBytes = 4096;

/** @throws PageRefusal 400, 413 */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const type = request.headers['content-type'] ?? 'application/x-www-form-urlencoded';
  if (!type.startsWith('application/x-www-form-urlencoded')) {
    throw new PageRefusal(400, 'this is not a form');
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  // The server ends a request that takes too long. One that is too large still gets its answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const piece = Buffer.from(chunk);
    bytes += piece.length;
    if (bytes > mostBytes) throw new PageRefusal(413, 'the form is too large');
    chunks.push(piece);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString());
}
