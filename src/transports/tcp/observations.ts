/**
 * What was observed on an agent port, with its probable cause (agent-port.md#observations), in the
 * words under which Checkmk's own messages are found.
 */

import { CourierError, prefixError, quote } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { formatLimit } from '../../times/durations.ts';
import { guessService, type MarkerKind, showMarker } from './marker.ts';
import type { Refusal } from './policy.ts';

/** The probable cause of a failed connection, by the code of the system's error. */
const connectCauses: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    'no agent listens there, or its controller has no pull connection (it looks again every minute)',
  ETIMEDOUT: 'a firewall, no route, or the wrong address',
  ENETUNREACH: 'is its address family in use here',
  EADDRNOTAVAIL: 'is its address family in use here',
};

/** A connection that could not be made. */
export function connectFault(error: unknown, shown: string): CourierError {
  if (error instanceof CourierError) return error;
  const { code, message, cause } = asCourierError(error, `connecting to ${shown}`);
  const why = connectCauses[errorCode(error) ?? ''];
  const hint = why === undefined ? '' : `; ${why}`;
  return new CourierError(code, `communication failed: ${message}${hint}`, { cause });
}

/** No address was found for the host. */
export function lookupFault(error: unknown): CourierError {
  return prefixError(asCourierError(error, 'looking up the host'), 'communication failed');
}

/** The connection was not made in time. */
export function connectTimeout(shown: string, timeoutMs: number): CourierError {
  return new CourierError(
    'TIMEOUT',
    `communication failed: connecting to ${shown}: no answer within ${formatLimit(timeoutMs)}; a firewall, no route, or the wrong address`,
  );
}

/** The connection broke while something was to be read. */
export function readFault(error: unknown, shown: string): CourierError {
  if (error instanceof CourierError) return error;
  const { code, message, cause } = asCourierError(error, `reading from ${shown}`);
  return new CourierError(code, `communication failed: ${message}`, { cause });
}

/** The connection was accepted, and no marker came. */
export function markerTimeout(shown: string, timeoutMs: number): CourierError {
  return new CourierError(
    'TIMEOUT',
    `communication failed: ${shown} accepted, but sent no marker within ${formatLimit(timeoutMs)}; a slow agent behind a controller without TLS, or another service`,
  );
}

export function idleTimeout(shown: string, timeoutMs: number): CourierError {
  return new CourierError(
    'TIMEOUT',
    `communication failed: reading from ${shown}: nothing more came for ${formatLimit(timeoutMs)}`,
  );
}

export function handshakeTimeout(shown: string, timeoutMs: number): CourierError {
  return new CourierError(
    'TIMEOUT',
    `error establishing TLS connection to ${shown}: no answer within ${formatLimit(timeoutMs)}`,
  );
}

/** Closed without a byte, or with nothing behind the marker. */
export function emptyFault(shown: string): CourierError {
  return new CourierError(
    'NO_OUTPUT',
    `empty output from host ${shown}: closed at once; our address is not on its allow list, it has 3 connections from us already, or its agent cannot run`,
  );
}

export function emptyPayload(shown: string): CourierError {
  return new CourierError(
    'NO_OUTPUT',
    `empty payload from controller at ${shown}: the TLS handshake succeeded, then nothing came; the agent behind it cannot run`,
  );
}

/** @param marker the first bytes, fewer than two when the connection ended there */
export function unknownMarker(marker: Buffer, shown: string): CourierError {
  const service = guessService(marker);
  const what =
    marker.length < 2
      ? 'closed after one byte; another service on this port'
      : `not a Checkmk agent, but ${service ?? 'another service'}`;
  return new CourierError(
    'MALFORMED',
    `unknown transport protocol: ${showMarker(marker)} from ${shown}: ${what}`,
  );
}

/** A marker that no agent may send inside of TLS, such as TLS within TLS. */
export function unknownInside(message: Buffer, shown: string): CourierError {
  return new CourierError(
    'MALFORMED',
    `unknown transport protocol: ${showMarker(message)} inside of TLS with ${shown}`,
  );
}

const refusals: Readonly<Record<Refusal, string>> = {
  registered:
    'refused: a TLS connection is registered on the monitoring server but the agent is not providing it',
  'tls-enforced':
    'refused: TLS is enforced on the monitoring server but the agent is not providing it',
  'encryption-enforced':
    'refused: encryption is enforced on the monitoring server but agent is only providing plaintext',
};

const answers: Readonly<Record<MarkerKind, string>> = {
  plain: 'answers in plain text',
  symmetric: 'answers encrypted with a passphrase',
  tls: 'answers with TLS',
  unknown: 'answers with something else',
};

export function policyFault(refusal: Refusal, kind: MarkerKind, shown: string): CourierError {
  return new CourierError('REFUSED', `${refusals[refusal]}: ${shown} ${answers[kind]}`);
}

export function notRegistered(shown: string): CourierError {
  return new CourierError(
    'REFUSED',
    `agent controller not registered: ${shown} wants TLS, but the site knows no UUID of this host; register the host here, or name it with --uuid`,
  );
}

export function noSecret(marker: Buffer, shown: string): CourierError {
  const scheme = marker.toString('latin1', 0, 2);
  return new CourierError(
    'USAGE',
    `data is encrypted but no secret is known: ${shown} uses scheme ${scheme}; name its passphrase with --passphrase-file`,
  );
}

export function tooShort(text: Buffer, shown: string): CourierError {
  return new CourierError(
    'MALFORMED',
    `too short payload from agent at ${shown}: ${quote(text.toString('utf8'))}`,
  );
}

export function notSections(text: Buffer, shown: string): CourierError {
  return new CourierError(
    'MALFORMED',
    `no agent output from ${shown}: it must begin with "<<<", not ${quote(text.toString('utf8', 0, 40))}`,
  );
}

/** @param what says which bytes: `answered with` */
export function tooLarge(shown: string, what: string, maxBytes: number): CourierError {
  return new CourierError('TOO_LARGE', `${shown} ${what} more than the allowed ${maxBytes} bytes`);
}
