/** What goes wrong while TLS is set up with an Agent Controller, with the probable cause. */

import { X509Certificate } from 'node:crypto';
import { isForClients } from '../../certs/client-use.ts';
import type { Clock } from '../../clock.ts';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import type { SiteFiles } from './site-files.ts';

const otherHost = 'another host answers there, or this one was registered anew';
const otherSite = 'the host is registered with another site, or the trust store is old';
const clocks = 'compare the clocks of both sides';

/**
 * The meanings of alerts of the controller; every place that explains such an alert uses these
 * words.
 */
export const unknownUuid = 'the controller does not know this UUID';
export const unknownSite = "the controller does not accept this site's certificate";

/** What is known of one handshake to explain its failure. */
export interface Handshake {
  /** `10.1.2.3:6556` */
  readonly shown: string;
  /** Key and certificate of the site. */
  readonly files: SiteFiles;
  readonly clock: Clock;
}

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

/**
 * Alerts of the controller, by OpenSSL's words for them (agent-port.md#observations): rustls 0.20
 * calls everything that is wrong with a site's certificate a handshake failure, newer ones tell
 * apart; both deny the access to a UUID they do not have.
 */
const alertCauses: readonly (readonly [words: RegExp, toCause: (own: Handshake) => string])[] = [
  [/alert (access denied|unrecognized name)/, () => `${unknownUuid}; ${otherHost}`],
  [/alert (handshake failure|(bad |unsupported )?certificate|unknown ca)/, causeInOurs],
];

/** What a controller would reject in our certificate, as far as we can see it ourselves. */
function causeInOurs({ files: { siteCert, isOurs }, clock }: Handshake): string {
  const { keyUsage, validToDate, validFromDate } = new X509Certificate(siteCert.reveal());
  const now = new Date(clock.now());
  if (!isForClients({ keyUsage })) {
    const remedy = isOurs ? '; cmk-courier certs server makes one for both uses' : '';
    return `${unknownSite}: it is for servers only${remedy}`;
  }
  if (now > validToDate) return `${unknownSite}: it has expired`;
  if (now < validFromDate) return `${unknownSite}: it is not valid yet; ${clocks}`;
  return `${unknownSite}: the host is registered with another one, or one of the clocks is wrong`;
}

/**
 * Everything that may happen between the marker and the first byte of the message: in TLS 1.3 the
 * controller's verdict about our certificate arrives only after the handshake.
 */
export function tlsFault(error: unknown, handshake: Handshake): CourierError {
  if (error instanceof CourierError) return error;
  const doing = `error establishing TLS connection to ${handshake.shown}`;
  if (isHangUp(error)) {
    const message = `${doing}: closed by the controller; ${unknownUuid}, or not this site`;
    return new CourierError('REFUSED', message, { cause: error });
  }
  const { code, message, cause } = asCourierError(error, doing);
  const why = causeOf(error, message, handshake);
  return new CourierError(code, why === undefined ? message : `${message}; ${why}`, { cause });
}

/** The agent shows a certificate that `cmk-courier certs revoke` has denied. */
export function revoked(shown: string): CourierError {
  const message = `error establishing TLS connection to ${shown}: the certificate of the agent is revoked; the host has to register again`;
  return new CourierError('REFUSED', message);
}

/** The agent sent more than the marker before we sent anything. */
export function strayBytes(shown: string): CourierError {
  return new CourierError(
    'PEER',
    `error establishing TLS connection to ${shown}: bytes follow b'16' before the handshake; not a Checkmk agent, or something in between adds to it`,
  );
}

function isHangUp(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE'].includes(errorCode(error) ?? '');
}

function causeOf(error: unknown, message: string, handshake: Handshake): string | undefined {
  const code = errorCode(error) ?? '';
  if (Object.hasOwn(certificateCauses, code)) return certificateCauses[code];
  return alertCauses.find(([words]) => words.test(message))?.[1](handshake);
}
