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
export type Peer =
  | PeerCertificate
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'unverified'; readonly why: string };

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
  if (!socket.authorized) return unverified(toWords(socket.authorizationError, certificate));
  // Names of issuers can be chosen freely; only the key that signed counts.
  if (!certificate.verify(authority.publicKey)) return unverified(foreign);
  const { CN } = certificate.toLegacyObject().subject;
  if (typeof CN !== 'string' || !isHostUuid(CN))
    return unverified('its common name is not one UUID');
  return {
    kind: 'certificate',
    uuid: CN,
    serial: certificate.serialNumber,
    validFrom: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
    authority: authority.fingerprint256,
  };
}

function unverified(why: string): Peer {
  return { kind: 'unverified', why };
}

const foreign = 'it is not signed by the agent CA of this receiver; register the host again';
const early = 'it is not valid yet; compare the clocks';

/** OpenSSL's codes for faults that a host's administrator can mend (named as in node:tls). */
const verifications: Readonly<Record<string, string>> = {
  CERT_NOT_YET_VALID: early,
  DEPTH_ZERO_SELF_SIGNED_CERT: foreign,
  SELF_SIGNED_CERT_IN_CHAIN: foreign,
  UNABLE_TO_GET_ISSUER_CERT: foreign,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: foreign,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: foreign,
  CERT_SIGNATURE_FAILURE: foreign,
  INVALID_PURPOSE: 'its extended key usage is not for clients; register the host again',
};

function toWords(error: unknown, { validToDate }: X509Certificate): string {
  const code = error instanceof Error ? (errorCode(error) ?? error.message) : String(error);
  if (code === 'CERT_HAS_EXPIRED') return expired(validToDate.getTime());
  return verifications[code] ?? `it does not verify (${code})`;
}

/** An expired certificate cannot be renewed: the controller does not even try. */
function expired(notAfter: number): string {
  return `it expired at ${toTime(new Date(notAfter))}; register the host again`;
}

/** Checks what may have changed since the handshake, or was skipped when a session was resumed. */
export interface Trust {
  readonly authority: X509Certificate;
  readonly isRevoked: (serial: string) => boolean;
  readonly now: number;
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
  if (peer.kind === 'unverified') {
    throw new Refusal('bad-certificate', `the client certificate is not accepted: ${peer.why}`);
  }
  const why = findObjection(peer, trust);
  if (why === undefined) return peer;
  throw new Refusal('bad-certificate', `the client certificate is not accepted: ${why}`);
}

function findObjection(peer: PeerCertificate, trust: Trust): string | undefined {
  if (peer.authority !== trust.authority.fingerprint256) return foreign;
  if (!(trust.now <= peer.notAfter)) return expired(peer.notAfter);
  if (!(trust.now >= peer.validFrom)) return early;
  return trust.isRevoked(peer.serial) ? 'it is revoked; register the host again' : undefined;
}
