/** Who is at the other end of a connection, by its certificate; read once, at the socket. */

import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { isHostUuid } from '../certs/dns-name.ts';
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
 * There is no text that stands for "none": nobody without a verified certificate has anything a
 * UUID could be compared with (agent-receiver.md#identity).
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

/** `authorized` is false, and a common name readable, for certificates of any CA: never use that one. */
function readPeer(socket: TLSSocket, authority: X509Certificate): Peer {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return anonymous;
  if (!socket.authorized) return unverified(reasonOf(socket.authorizationError));
  // Names of issuers can be chosen freely; what counts is whose key has signed.
  if (!certificate.verify(authority.publicKey)) return unverified('not signed by the agent CA');
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

function reasonOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return typeof error === 'string' ? error : 'not verified';
}

/** What may have changed since the handshake, or was skipped when a session was resumed. */
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
  if (peer.authority !== trust.authority.fingerprint256) return 'not signed by the agent CA';
  if (!(trust.now <= peer.notAfter)) return 'it has expired';
  if (!(trust.now >= peer.validFrom)) return 'it is not valid yet';
  return trust.isRevoked(peer.serial) ? 'it is revoked' : undefined;
}
