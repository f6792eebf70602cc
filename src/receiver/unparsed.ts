/**
 * Requests that the HTTP parser refuses. Node would answer them by itself, with an empty body and
 * no log: here they are answered, logged and counted like all other refusals.
 */

import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { errorCode } from '../faults/system-errors.ts';
import { formatLimit } from '../times/durations.ts';
import { lingerMs } from './body.ts';
import type { Connections } from './connections.ts';
import { addressOfSocket } from './exchange.ts';
import { interruptBody } from './interruption.ts';
import type { Metrics } from './metrics.ts';
import { Refusal, refusalLine } from './refusal.ts';
import type { RefusalLines } from './refusal-lines.ts';

interface ParserLimits {
  readonly headerTimeout: number;
  readonly maxHeaderBytes: number;
}

/**
 * Why the parser gave up; undefined when there is nobody to tell: the connection is lost, its TLS
 * has failed, or it has never said a word.
 *
 * @param error of the event `clientError` (node:http)
 */
export function toParserRefusal(
  error: Error,
  socket: Pick<Socket, 'bytesRead' | 'writable'>,
  { headerTimeout, maxHeaderBytes }: ParserLimits,
): Refusal | undefined {
  if (!socket.writable || socket.bytesRead === 0) return undefined;
  const code = errorCode(error) ?? '';
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Refusal(
        'too-slow',
        `the header was not complete in time (${formatLimit(headerTimeout)})`,
      );
    case 'HPE_HEADER_OVERFLOW':
      return new Refusal(
        'header-too-large',
        `the header has more than the allowed ${maxHeaderBytes} bytes`,
      );
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new Refusal('too-large', 'the chunk extensions of the body are too long');
    case 'HPE_INVALID_EOF_STATE':
      return new Refusal('bad-request', 'the connection ended before the request was complete');
    default:
      if (!code.startsWith('HPE_')) return undefined;
      return new Refusal('bad-request', `this is no HTTP/1.1: ${reasonOf(error)}`);
  }
}

/** llhttp says it in words: `Invalid method encountered`. */
function reasonOf(error: Error): string {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message;
}

interface Telling {
  readonly refusalLines: RefusalLines;
  readonly metrics: Metrics;
  readonly connections: Connections;
}

/** The log entry of a request that was refused without a route: method and path as far as known. */
export interface Unrouted {
  readonly method?: string | undefined;
  readonly path?: string | undefined;
}

/** Connections that were answered: the parser fails again with every further byte. */
const refused = new WeakSet<Socket>();

/** Answers on the bare connection, and ends it. */
export function refuseConnection(
  socket: Socket,
  refusal: Refusal,
  { refusalLines, metrics, connections }: Telling,
  { method, path }: Unrouted = {},
): void {
  if (refused.has(socket)) return;
  refused.add(socket);
  // When a body is under way, the answer to its own request tells the fault.
  if (interruptBody(socket, refusal)) return;
  const { status, reason, message } = refusal;
  metrics.countRequest(reason);
  const address = addressOfSocket(socket);
  const known = { ...(method && { method }), ...(path && { path: path.slice(0, 300) }) };
  const fields = { address, ...known, status, reason };
  refusalLines.tell({ address, fields, message, isGrave: false });
  // An answer under way belongs to the request before.
  connections.onceIdle(socket, () => endWith(socket, toAnswer(refusal)));
}

/** A client that is still sending gets to read the answer; a reset would discard it. */
function endWith(socket: Socket, answer: string): void {
  socket.end(answer);
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}

function toAnswer(refusal: Refusal): string {
  const body = `${refusalLine(refusal)}\n`;
  return [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
