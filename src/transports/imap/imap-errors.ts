/** imapflow's errors in our words; those of sockets and TLS are in src/faults/system-errors.ts. */

import { CourierError, type FaultCode, quote } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';

type Meaning = readonly [code: FaultCode, words: string];

/** imapflow/lib/errors.js. */
const meanings: Readonly<Record<string, Meaning>> = {
  NoConnection: ['UNREACHABLE', 'connection lost'],
  EConnectionClosed: ['UNREACHABLE', 'connection lost'],
  StateLogout: ['UNREACHABLE', 'connection lost'],
  ClosedAfterConnectText: ['UNREACHABLE', 'the server closed the connection without a greeting'],
  ClosedAfterConnectTLS: ['UNREACHABLE', 'the server closed the connection without a greeting'],
  CONNECT_TIMEOUT: ['TIMEOUT', 'not connected within --connect-timeout'],
  GREETING_TIMEOUT: ['TIMEOUT', 'no greeting within --connect-timeout'],
  UPGRADE_TIMEOUT: ['TIMEOUT', 'no answer to STARTTLS within 10s'],
  ETIMEOUT: ['TIMEOUT', 'the server was silent for --idle-timeout'],
  ETHROTTLE: ['PEER', 'the server says that we ask too often'],
  STARTTLS_INJECTION: ['REFUSED', 'data was slipped in before TLS began'],
  LineTooLarge: ['PEER', 'the server sent a line without end'],
  LiteralTooLarge: ['PEER', 'the server announced more than was asked for'],
  ResponseTooLarge: ['PEER', 'the server sent more than was asked for'],
  DownloadOverflow: ['PEER', 'the message is longer than the server said'],
};

/** Response codes that mean: not now (RFC 5530 3). */
const passing = new Set(['UNAVAILABLE', 'INUSE', 'LIMIT', 'SERVERBUG']);

/**
 * Any error of a session as a CourierError.
 *
 * @param doing what was being done, at what: `mail.example.com:993`
 */
export function asImapFault(error: unknown, doing: string): CourierError {
  if (error instanceof CourierError) return error;
  const [code, words] = meaningOf(error) ?? [];
  if (code === undefined) return unforeseen(error, doing);
  return new CourierError(code, `${doing}: ${words}`, { cause: error });
}

function meaningOf(error: unknown): Meaning | undefined {
  if (!(error instanceof Error)) return undefined;
  if (isTrue(error, 'authenticationFailed')) return toLoginFault(error);
  if (error.message === 'Unsupported authentication mechanism') {
    return ['REFUSED', 'the server offers no way to log in with what we have'];
  }
  const code = errorCode(error);
  const known = code !== undefined && Object.hasOwn(meanings, code) ? meanings[code] : undefined;
  if (known !== undefined) return known;
  if (code === undefined && isTrue(error, 'tlsFailed')) {
    return ['REFUSED', 'the server offers no STARTTLS; --allow-plaintext would do without'];
  }
  const answer = textOf(error, 'responseText');
  if (textOf(error, 'responseStatus') !== '') return ['PEER', `the server says ${quote(answer)}`];
  return isParserError(error) ? ['PEER', 'what the server sends is not IMAP'] : undefined;
}

/** The server's own words, and whether another attempt might help. */
function toLoginFault(error: Error): Meaning {
  const said = textOf(error, 'responseText') || error.message;
  const isPassing = passing.has(textOf(error, 'serverResponseCode').toUpperCase());
  return isPassing
    ? ['PEER', `cannot log in now: ${quote(said)}`]
    : ['REFUSED', `login refused: ${quote(said)}`];
}

/** Its codes are the names of its states: imapflow/lib/handler. */
function isParserError(error: Error): boolean {
  const code = errorCode(error) ?? '';
  return code.startsWith('ParserError') || /^(?:MAX_IMAP|Invalid|Unexpected|Response)/.test(code);
}

/** OpenSSL's wrong version number: the port speaks no TLS. */
function unforeseen(error: unknown, doing: string): CourierError {
  const fault = asCourierError(error, doing);
  if (fault.code !== 'INTERNAL') return fault;
  const said = error instanceof Error ? error.message : String(error);
  return new CourierError('PEER', `${doing}: ${quote(said)}`, { cause: error });
}

function textOf(error: Error, name: string): string {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : '';
}

function isTrue(error: Error, name: string): boolean {
  return Reflect.get(error, name) === true;
}
