/** Who is at the other end of a connection, by its certificate; read once, at the socket. */

import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { toTime } from '../certs/dates.ts';
import { isHostUuid } from '../certs/dns-name.ts';
import { errorCode } from '../faults/system-errors.ts';
import { Refusal } from './refusal.ts';

/** A certificate that our agent CA has signed and the peer has proved to hold. */
export interface PeerCertificate {
  readonly kind: 'certificate';
  readonly uuid: string;
  /** Hexadecimal, as node:tls shows it. */
  readonly serial: string;
  /** Milliseconds since the epoch. */
  readonly validFrom: number;
  readonly notAfter: number;
  /** Fingerprint of the CA it was checked against. */
  readonly authority: string;
}

/**
 * No text stands for "none": a peer without a verified certificate has nothing that a UUID could be
 * compared with (agent-receiver.md#identity).
 */
export type Peer = PeerCertificate | { readonly kind: 'anonymous' } | Unverified;

interface Unverified extends Objection {
  readonly kind: 'unverified';
  /** Of one that our agent CA has signed, such as an expired one: whom it would be for. */
  readonly uuid?: string;
}

/** Why a certificate is not accepted. */
interface Objection {
  readonly why: string;
  /** Whether only another certificate helps. */
  readonly needsAnother: boolean;
}

const anonymous: Peer = { kind: 'anonymous' };
const known = new WeakMap<Socket, Peer>();

/** The peer of a connection. `authority` is the agent CA certificate that is trusted now. */
export function peerOf(socket: Socket, authority: X509Certificate): Peer {
  const cached = known.get(socket);
  if (cached !== undefined) return cached;
  const peer = socket instanceof TLSSocket ? readPeer(socket, authority) : anonymous;
  known.set(socket, peer);
  return peer;
}

/**
 * For certificates of a foreign CA `authorized` is false and a common name still readable: it must
 * not be used.
 */
function readPeer(socket: TLSSocket, authority: X509Certificate): Peer {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return anonymous;
  // Names of issuers can be chosen freely; only the key that signed counts.
  const isOurs = certificate.verify(authority.publicKey);
  const uuid = isOurs ? uuidIn(certificate) : undefined;
  if (!socket.authorized) {
    const objection = toObjection(socket.authorizationError, certificate);
    return { kind: 'unverified', ...objection, ...(uuid === undefined ? {} : { uuid }) };
  }
  if (!isOurs) return { kind: 'unverified', ...foreign };
  if (uuid === undefined)
    return { kind: 'unverified', ...passing('its common name is not one UUID') };
  return {
    kind: 'certificate',
    uuid,
    serial: certificate.serialNumber,
    validFrom: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
    authority: authority.fingerprint256,
  };
}

function uuidIn(certificate: X509Certificate): string | undefined {
  const { CN } = certificate.toLegacyObject().subject;
  return typeof CN === 'string' && isHostUuid(CN) ? CN : undefined;
}

const final = (why: string): Objection => ({ why, needsAnother: true });
const passing = (why: string): Objection => ({ why, needsAnother: false });

const foreign = final('it is not signed by the agent CA of this receiver');
const early = passing('it is not valid yet; compare the clocks');

/** OpenSSL's codes for faults that a host's administrator can mend (named as in node:tls). */
const verifications: Readonly<Record<string, Objection>> = {
  CERT_NOT_YET_VALID: early,
  DEPTH_ZERO_SELF_SIGNED_CERT: foreign,
  SELF_SIGNED_CERT_IN_CHAIN: foreign,
  UNABLE_TO_GET_ISSUER_CERT: foreign,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: foreign,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: foreign,
  CERT_SIGNATURE_FAILURE: foreign,
  INVALID_PURPOSE: final('its extended key usage is not for clients'),
};

function toObjection(error: unknown, { validToDate }: X509Certificate): Objection {
  const code = error instanceof Error ? (errorCode(error) ?? error.message) : String(error);
  if (code === 'CERT_HAS_EXPIRED') return expired(validToDate.getTime());
  return verifications[code] ?? passing(`it does not verify (${code})`);
}

/** An expired certificate cannot be renewed: the controller does not even try. */
function expired(notAfter: number): Objection {
  return final(`it expired at ${toTime(new Date(notAfter))}`);
}

/** Checks what may have changed since the handshake, or was skipped when a session was resumed. */
export interface Trust {
  readonly authority: X509Certificate;
  readonly isRevoked: (serial: string) => boolean;
  readonly now: number;
  /** What to do where only another certificate helps. */
  readonly remedy: string;
}

/**
 * The peer's certificate, checked again for this request.
 *
 * @throws Refusal no-certificate or bad-certificate
 */
export function requireCertificate(peer: Peer, trust: Trust): PeerCertificate {
  if (peer.kind === 'anonymous') {
    throw new Refusal('no-certificate', 'a client certificate is needed here');
  }
  const objection = peer.kind === 'unverified' ? peer : findObjection(peer, trust);
  if (objection === undefined && peer.kind === 'certificate') return peer;
  const { why = '', needsAnother = false } = objection ?? {};
  const what = `the client certificate is not accepted: ${why}`;
  throw new Refusal('bad-certificate', needsAnother ? `${what}; ${trust.remedy}` : what);
}

function findObjection(peer: PeerCertificate, trust: Trust): Objection | undefined {
  if (peer.authority !== trust.authority.fingerprint256) return foreign;
  if (!(trust.now <= peer.notAfter)) return expired(peer.notAfter);
  if (!(trust.now >= peer.validFrom)) return early;
  return trust.isRevoked(peer.serial) ? final('it is revoked') : undefined;
}
