/** What goes wrong while TLS is set up with an Agent Controller, and why it probably does. */

import { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';

const otherHost = 'another host answers there, or this one was registered anew';
const otherSite = 'the host is registered with another site, or the trust store is old';
const clocks = 'compare the clocks of both sides';
const unknownUuid = 'the controller does not know this UUID, or not this site';
const unknownSite = "the controller does not accept this site's certificate";

/** What our own check of the agent's certificate found. */
const certificateCauses: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: otherHost,
  CERT_HAS_EXPIRED: clocks,
  CERT_NOT_YET_VALID: clocks,
  DEPTH_ZERO_SELF_SIGNED_CERT: otherSite,
  SELF_SIGNED_CERT_IN_CHAIN: otherSite,
  UNABLE_TO_GET_ISSUER_CERT: otherSite,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: otherSite,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: otherSite,
  CERT_SIGNATURE_FAILURE: otherSite,
};

/** Alerts of the controller, by OpenSSL's words for them. */
const alertCauses: readonly (readonly [words: RegExp, cause: string])[] = [
  [/alert certificate expired/, clocks],
  [/alert (unknown ca|bad certificate|certificate|unsupported certificate)/, unknownSite],
  [/alert (handshake failure|unrecognized name|access denied|internal error)/, unknownUuid],
];

/**
 * Everything that may happen between the marker and the first byte of the message: in TLS 1.3 the
 * controller's verdict about our certificate arrives only after the handshake.
 */
export function tlsFault(error: unknown, shown: string): CourierError {
  if (error instanceof CourierError) return error;
  const doing = `error establishing TLS connection to ${shown}`;
  if (isHangUp(error)) {
    const message = `${doing}: closed by the controller; ${unknownUuid}`;
    return new CourierError('REFUSED', message, { cause: error });
  }
  const { code, message, cause } = asCourierError(error, doing);
  const why = causeOf(error, message);
  return new CourierError(code, why === undefined ? message : `${message}; ${why}`, { cause });
}

/** More bytes than the marker, before we have said a word. */
export function strayBytes(shown: string): CourierError {
  return new CourierError(
    'PEER',
    `error establishing TLS connection to ${shown}: bytes follow b'16' before the handshake; not a Checkmk agent, or something in between adds to it`,
  );
}

function isHangUp(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE'].includes(errorCode(error) ?? '');
}

function causeOf(error: unknown, message: string): string | undefined {
  const code = errorCode(error) ?? '';
  if (Object.hasOwn(certificateCauses, code)) return certificateCauses[code];
  return alertCauses.find(([words]) => words.test(message))?.[1];
}
