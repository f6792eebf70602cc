/** undici's errors in our words; those of sockets and TLS are in src/faults/system-errors.ts. */

import { CourierError, quote } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';

/** How far a body had come. */
export interface Progress {
  readonly receivedBytes: number;
  /** Undefined for a chunked body, which has an end of its own. */
  readonly announcedBytes: number | undefined;
}

/**
 * Any error of a request or its response as a CourierError.
 *
 * @param doing what was being done: `https://depot/web01`
 * @param progress undefined while the response has not begun
 */
export function asHttpFault(error: unknown, doing: string, progress?: Progress): CourierError {
  if (error instanceof CourierError) return error;
  const because = (code: 'UNREACHABLE' | 'PEER', why: string) =>
    new CourierError(code, `${doing}: ${why}`, { cause: error });
  if (progress !== undefined && isLoss(error)) return because('UNREACHABLE', toLoss(progress));
  const code = errorCode(error);
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') {
    return because('PEER', 'the header of the response contradicts itself about its length');
  }
  if (code === 'UND_ERR_HEADERS_OVERFLOW') {
    return because('PEER', 'the header of the response is longer than 16 KiB');
  }
  if (isParserError(error)) return because('PEER', `not an HTTP response: ${reasonOf(error)}`);
  if (code !== 'UND_ERR_SOCKET') return asCourierError(error, doing);
  return isBadResponse(error)
    ? because('PEER', 'the response is none to what was asked')
    : because('UNREACHABLE', 'the peer closed the connection without a response');
}

/** Whether an error says only that the connection ended. */
export function isLoss(error: unknown): boolean {
  const code = errorCode(error) ?? '';
  if (code === 'UND_ERR_SOCKET') return !isBadResponse(error);
  if (isParserError(error)) return error.message.includes('Invalid EOF state');
  return ['ECONNRESET', 'EPIPE', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'].includes(code);
}

function toLoss({ receivedBytes, announcedBytes }: Progress): string {
  return announcedBytes === undefined
    ? `connection lost after ${receivedBytes} bytes, before the end`
    : `connection lost after ${receivedBytes} of ${announcedBytes} bytes`;
}

/** `bad response` and `bad upgrade`: bytes where none belong, a 100 or a 101 nobody asked for. */
export function isBadResponse(error: unknown): boolean {
  return (
    errorCode(error) === 'UND_ERR_SOCKET' && error instanceof Error && /^bad /.test(error.message)
  );
}

/** Its `code` is missing in undici 8, so it is known by name. */
function isParserError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'HTTPParserError';
}

/** `Response does not match the HTTP/1.1 protocol (Invalid EOF state)` → the part in parentheses. */
function reasonOf(error: Error): string {
  return quote(/\((.*)\)$/.exec(error.message)?.[1] ?? error.message);
}
