/** TLS on a connected socket, and who the peer must prove to be. */

import type { Socket } from 'node:net';
import {
  connect,
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls';
import { readAuthorities } from '../certs/tls-trust.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import type { SecretContext } from '../secrets/secrets.ts';
import { waitFor } from '../system/waiting.ts';
import { type ClientCertificate, readClientCertificate } from './client-certificate.ts';
import type { TlsOptions } from './tls-options.ts';

/** How to speak TLS with the peer of a source. */
export interface TlsSettings {
  /** With our client certificate; only for the source's own peer. */
  readonly known: SecureContext;
  /** Without our client certificate; for peers that a redirect leads to. */
  readonly stranger: SecureContext;
  /** The name to use instead of that in the URL; only for the source's own peer. */
  readonly serverName: string | undefined;
  readonly insecure: boolean;
  /** SHA-256 of public keys, in hex. Not empty: one of them must be the peer's. */
  readonly pins: readonly string[];
}

/**
 * Reads all files TLS needs.
 *
 * @throws CourierError LOCAL or CONFIG about a file
 */
export async function loadTlsSettings(
  options: TlsOptions,
  context: SecretContext,
): Promise<TlsSettings> {
  const [certificate, authorities] = await Promise.all([
    readClientCertificate(options, context),
    options.insecure ? [] : readAuthorities(options.ca, context),
  ]);
  const trust: SecureContextOptions = { ca: [...authorities], minVersion: 'TLSv1.2' };
  const stranger = makeContext(trust, options.ca);
  const known =
    certificate === undefined
      ? stranger
      : makeContext({ ...trust, ...toContextOptions(certificate) }, options.key ?? options.cert);
  const { tlsServerName: serverName, insecure, tlsPin: pins } = options;
  return { known, stranger, serverName, insecure, pins };
}

function toContextOptions({ cert, key, passphrase }: ClientCertificate): SecureContextOptions {
  return { cert, key, ...(passphrase === undefined ? {} : { passphrase: passphrase.reveal() }) };
}

/** @param path the file to name when OpenSSL does not accept its content */
function makeContext(options: SecureContextOptions, path = 'the authorities'): SecureContext {
  try {
    return createSecureContext(options);
  } catch (error) {
    const why = whyUnusable(error, options.passphrase !== undefined);
    throw new CourierError('CONFIG', `reading ${path}: ${why}`, { cause: error });
  }
}

function whyUnusable(error: unknown, hasPassphrase: boolean): string {
  const code = errorCode(error) ?? '';
  if (code.endsWith('KEY_VALUES_MISMATCH')) return 'the private key is not that of the certificate';
  if (/PASSPHRASE|INTERRUPTED_OR_CANCELLED|BAD_DECRYPT|BAD_PASSWORD/.test(code)) {
    return hasPassphrase
      ? 'the passphrase of the private key is wrong'
      : 'the passphrase is missing; use --key-password-file or --key-password-id';
  }
  const why = `not usable for TLS (${code || 'no reason given'})`;
  // One wrong passphrase of 256 ends in something with a right end, which is no key all the same.
  return hasPassphrase ? `${why}; the passphrase of the private key may be wrong` : why;
}

/** The peer we talk to. */
export interface TlsPeer {
  /** `depot:443`, for errors. */
  readonly shown: string;
  /** The host of the URL, without brackets. */
  readonly host: string;
  /** Whether it is the source's own peer, and not one a redirect led to. */
  readonly isKnown: boolean;
  /** What is spoken over it, where TLS is to say so (ALPN). */
  readonly protocol?: 'http/1.1' | 'mqtt';
}

/**
 * Starts TLS on a connected socket; not a byte of a request is sent before the peer has proved
 * who it is.
 *
 * @throws CourierError REFUSED when the peer is not who it must be
 */
export async function startTls(
  socket: Socket,
  peer: TlsPeer,
  settings: TlsSettings,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const doing = `connecting to ${peer.shown}`;
  const name = (peer.isKnown ? settings.serverName : undefined) ?? peer.host;
  const secured = connect({
    socket,
    host: name,
    // Only names travel in a handshake (RFC 6066 3), so an address is checked, but not sent.
    ...(/^[\d.]+$|:/.test(name) ? {} : { servername: name }),
    secureContext: peer.isKnown ? settings.known : settings.stranger,
    rejectUnauthorized: !settings.insecure,
    ...(peer.protocol === undefined ? {} : { ALPNProtocols: [peer.protocol] }),
  });
  secured.on('error', () => undefined);
  try {
    await waitFor<void>(secured, signal, (resolve) => ({ secureConnect: () => resolve() }));
    if (settings.pins.length > 0) await checkPin(secured, settings.pins, doing);
    return secured;
  } catch (error) {
    secured.destroy();
    throw asCourierError(error, doing);
  }
}

async function checkPin(socket: TLSSocket, pins: readonly string[], doing: string): Promise<void> {
  const { createHash } = await import('node:crypto');
  const key = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' });
  const digest = key && createHash('sha256').update(key).digest();
  if (digest !== undefined && pins.includes(digest.toString('hex'))) return;
  throw new CourierError(
    'REFUSED',
    `${doing}: the peer's public key is not the pinned one; it is sha256:${digest?.toString('base64')}`,
  );
}

/**
 * Whether the peer asked for a client certificate. OpenSSL knows the signature algorithms of
 * the peer only from that request; in TLS 1.3 the peer may refuse ours, or that we have none,
 * only after the handshake, and by merely hanging up.
 */
export function wantsCertificate(socket: TLSSocket): boolean {
  return socket.getProtocol() === 'TLSv1.3' && socket.getSharedSigalgs().length > 0;
}
