/** Errors of the library of NATS in our words; those of sockets and TLS are in src/faults/system-errors.ts. */

import { CourierError, type FaultCode, quote } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';

type Meaning = readonly [code: FaultCode, words: string];

/** By the names of the library's classes: nats-core/lib/errors.js. */
const meanings: Readonly<Record<string, Meaning>> = {
  TimeoutError: ['TIMEOUT', 'no answer in time (--answer-timeout)'],
  ClosedConnectionError: ['UNREACHABLE', 'connection lost'],
  DrainingConnectionError: ['UNREACHABLE', 'connection lost'],
  ConnectionError: ['UNREACHABLE', 'connection lost'],
};

/**
 * Any error of the library as a CourierError.
 *
 * @param doing what was being done, at what: `broker.example:4222`
 */
export function asNatsFault(error: unknown, doing: string): CourierError {
  if (error instanceof CourierError) return error;
  if (!(error instanceof Error)) return asCourierError(error ?? connectionLost(), doing);
  const cause = error.cause instanceof Error ? error.cause : undefined;
  if (error.name === 'RequestError' && cause !== undefined) return asNatsFault(cause, doing);
  const [code, words] = meaningOf(error) ?? [];
  if (code === undefined)
    return errorCode(error) === undefined ? foreign(error, doing) : asCourierError(error, doing);
  return new CourierError(code, `${doing}: ${words}`, { cause: error });
}

function meaningOf(error: Error): Meaning | undefined {
  switch (error.name) {
    case 'AuthorizationError':
    case 'UserAuthenticationExpiredError':
      return ['REFUSED', `the server does not let us in: ${quote(error.message)}`];
    case 'PermissionViolationError':
      return ['REFUSED', `the server does not allow it: ${quote(error.message)}`];
    case 'ProtocolError':
      return ['PEER', `the server says ${quote(error.message)}`];
    case 'NoResponders':
    // What the library makes of it where something is to be stored.
    case 'JetStreamNotEnabled':
      return ['PEER', 'nobody answers: no JetStream, no such stream, or no leader of it just now'];
    case 'RequestError':
      return ['UNREACHABLE', 'connection lost'];
    default:
      // StreamNotFoundError, ConsumerNotFoundError and others of the library of JetStream.
      if (/^(?:JetStream|Stream|Consumer)/.test(error.name)) {
        return ['PEER', `the server says ${quote(error.message)}`];
      }
      return Object.hasOwn(meanings, error.name) ? meanings[error.name] : undefined;
  }
}

/** What the library gives where a connection ended without an error. */
function connectionLost(): Error {
  return Object.assign(new Error('connection lost'), { code: 'ECONNRESET' });
}

/** The library has more errors than it names. */
function foreign(error: Error, doing: string): CourierError {
  return new CourierError('PEER', `${doing}: ${quote(error.message)}`, { cause: error });
}
