/** The TLS side of an Agent Controller (agent-port.md#controller). */

import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { createSecureContext, createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import type { KeyAndCertificate } from '../../helpers/certificates.ts';
import { type Alert, toPlainAlert, toSealedAlert } from './alerts.ts';
import { HeldSocket } from './held-socket.ts';

/** One registration of the controller with a site. */
export interface PullConnection extends KeyAndCertificate {
  readonly uuid: string;
  /** PEM: the authority of the site. */
  readonly rootCert: string;
}

export interface TerminatorSettings {
  readonly versions?: Pick<TlsOptions, 'minVersion' | 'maxVersion'>;
  /** Of rustls: the older has one alert for everything that is wrong with a site's certificate. */
  readonly generation?: '0.20' | '0.23';
  /** Called with the name a site asks for in its handshake. */
  readonly onServerName?: (name: string) => void;
}

export interface Terminator {
  /** Takes a socket over; resolves when both sides have proved who they are, else never does. */
  accept(socket: Socket, ready: (secured: TLSSocket) => void): void;
}

/** The one suite of TLS 1.3 that alerts are made for, and some of TLS 1.2 as rustls has them. */
const ciphers =
  'TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305';

/** Serves all registrations, told apart by the name asked for. */
export function makeTerminator(
  connections: readonly PullConnection[],
  settings: TerminatorSettings,
): Terminator {
  const { versions = {}, generation = '0.23', onServerName = () => undefined } = settings;
  // Every site may ask for every UUID it knows: the authorities of all go for each.
  const ca = connections.map((own) => own.rootCert);
  const contexts = new Map(
    connections.map(({ uuid, cert, key }) => [
      uuid,
      createSecureContext({ cert, key, ca, ciphers }),
    ]),
  );
  const options: TlsOptions = {
    requestCert: true,
    // Checked below: Node would hang up as if all were well, where a controller sends an alert.
    rejectUnauthorized: false,
    ca,
    ciphers,
    minVersion: 'TLSv1.2',
    ...versions,
  };
  return {
    accept(socket, ready) {
      const held = new HeldSocket(socket);
      let secret: Buffer = Buffer.alloc(0);
      const server = createServer({
        ...options,
        SNICallback: (name, choose) => {
          onServerName(name);
          const context = contexts.get(name);
          if (context === undefined) held.refuse(toPlainAlert('accessDenied'));
          choose(context === undefined ? new Error('no such UUID') : null, context);
        },
      });
      server.on('tlsClientError', (_, secured) => secured.destroy());
      server.on('keylog', (line: Buffer) => {
        secret = trafficSecret(line) ?? secret;
      });
      server.on('secureConnection', (secured) => {
        secured.on('error', () => undefined);
        const objection = findObjection(secured);
        if (objection === undefined) {
          held.release();
          return ready(secured);
        }
        const alert = alertFor(objection, generation);
        const isNewer = secured.getProtocol() === 'TLSv1.3';
        held.refuse(isNewer ? toSealedAlert(alert, secret) : toPlainAlert(alert));
      });
      server.emit('connection', held);
    },
  };
}

function trafficSecret(line: Buffer): Buffer | undefined {
  const [, hex] = /^SERVER_TRAFFIC_SECRET_0 \S+ ([\da-f]+)/.exec(line.toString()) ?? [];
  return hex === undefined ? undefined : Buffer.from(hex, 'hex');
}

/** Why a site's certificate is refused, in the words of webpki where it has any. */
type Objection = 'none' | 'RequiredEkuNotFound' | 'CertExpired' | 'UnknownIssuer' | 'wrong name';

const clientAuth = '1.3.6.1.5.5.7.3.2';

function findObjection(secured: TLSSocket): Objection | undefined {
  const certificate = secured.getPeerX509Certificate();
  if (certificate === undefined) return 'none';
  const { keyUsage, validToDate } = certificate;
  // An extended key usage, where there is one, has to name clients; "any" would count for nothing.
  if (keyUsage?.includes(clientAuth) === false) return 'RequiredEkuNotFound';
  if (validToDate.getTime() < Date.now()) return 'CertExpired';
  if (!secured.authorized) return 'UnknownIssuer';
  return isSiteName(certificate) ? undefined : 'wrong name';
}

const newerAlerts: Readonly<Record<Objection, Alert>> = {
  none: 'certificateRequired',
  RequiredEkuNotFound: 'unsupportedCertificate',
  CertExpired: 'certificateExpired',
  UnknownIssuer: 'certificateUnknown',
  'wrong name': 'certificateUnknown',
};

function alertFor(objection: Objection, generation: '0.20' | '0.23'): Alert {
  if (generation === '0.20' && objection !== 'none') return 'handshakeFailure';
  return newerAlerts[objection];
}

/** One common name that is not an agent's. */
function isSiteName(certificate: X509Certificate): boolean {
  // There is none in the types for a certificate without any subject.
  const { CN } = certificate.toLegacyObject().subject ?? {};
  return typeof CN === 'string' && !looksLikeUuid(CN);
}

/** Also bare, in braces, and as a URN. */
function looksLikeUuid(name: string): boolean {
  const digits = name.replace(/^urn:uuid:/i, '').replace(/^\{(.*)\}$/, '$1');
  return /^(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i.test(digits);
}
