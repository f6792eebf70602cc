/** The handshake with the Agent Controller, on the connection that is already there. */

import { X509Certificate } from 'node:crypto';
import { CourierError } from '../../faults/errors.ts';
import { errorCode } from '../../faults/system-errors.ts';
import { markerKind } from '../../transports/tcp/marker.ts';
import type { AgentPlace } from '../../transports/tcp/place.ts';
import { findRefusal } from '../../transports/tcp/policy.ts';
import { readSiteFiles, type SiteFiles } from '../../transports/tcp/site-files.ts';
import { startTls } from '../../transports/tcp/tls.ts';
import type { CauseCode } from '../causes.ts';
import { openContext } from './open-context.ts';
import { toFault } from './port.ts';
import { type Learned, type Scene, type SiteFinding, timeToWait } from './scene.ts';
import { describeIssuer, readShownCertificate } from './shown-certificate.ts';

export async function lookAtTls(
  scene: Scene,
  learned: Partial<Learned>,
  signal: AbortSignal,
): Promise<SiteFinding> {
  const { marker, registration } = learned;
  if (marker === undefined) throw new CourierError('LOCAL', 'nothing was read');
  const kind = markerKind(marker);
  if (kind === 'tls') return shakeHands(scene, learned, signal);
  const isRegistered = registration !== undefined;
  const refusal = findRefusal(kind, isRegistered, scene.tcp.policy);
  if (refusal === undefined) return { status: 'ok', text: 'none, and none is asked for' };
  const code = kind === 'plain' ? 'legacy-plain' : 'legacy-encrypted';
  const text = isRegistered
    ? 'none, but the host is registered'
    : 'none, but the policy asks for it';
  return { status: 'fault', code, text, facts: { refusal } };
}

async function shakeHands(
  scene: Scene,
  { socket, place, registration }: Partial<Learned>,
  signal: AbortSignal,
): Promise<SiteFinding> {
  if (socket === undefined || place === undefined) throw new CourierError('LOCAL', 'no connection');
  if (registration === undefined) return unregistered(scene);
  const context = openContext(scene, signal);
  const files = await readSiteFiles(scene.tcp, registration.certificates, context);
  const { uuid } = registration;
  const { shown } = place;
  const timeoutMs = timeToWait(scene, Number.POSITIVE_INFINITY);
  const start = { shown, files, clock: scene.context.clock, uuid, timeoutMs };
  try {
    const secured = await startTls(socket, start, signal);
    scene.sockets.add(secured);
    const peer = secured.getPeerX509Certificate();
    const protocol = secured.getProtocol();
    const facts = {
      protocol,
      issuer: peer?.issuer.replaceAll('\n', ', '),
      valid_until: peer?.validTo,
    };
    const text = `${protocol ?? 'TLS'}, the certificate is good until ${peer?.validTo ?? '?'}`;
    return { status: 'ok', text, facts, learned: { socket: secured, files } };
  } catch (error) {
    const finding = judgeTls(toFault(error, signal));
    return explain(finding, { place, files, uuid }, signal);
  }
}

interface Handshake {
  readonly place: AgentPlace;
  readonly files: SiteFiles;
  readonly uuid: string;
}

/** What only the certificates themselves tell: whose they are, and when they are good. */
async function explain(
  finding: SiteFinding,
  { place, files, uuid }: Handshake,
  signal: AbortSignal,
): Promise<SiteFinding> {
  if (finding.code === 'client-certificate-refused') return withOwnCertificate(finding, files);
  if (!inCertificate.has(finding.code ?? '')) return finding;
  const shown = await readShownCertificate(place, { uuid, files }, signal);
  if (shown === undefined) return finding;
  const seen = { ...finding, facts: describeCertificate(shown) };
  if (finding.code !== 'issuer-other-site') return seen;
  return { ...seen, text: `fails: its certificate is ${describeIssuer(shown)}` };
}

/** Causes that the certificate of the agent tells more of. */
const inCertificate = new Set<string>([
  'issuer-other-site',
  'registered-elsewhere',
  'certificate-expired',
  'certificate-not-yet',
]);

/** What is refused there may be good here. */
export function withOwnCertificate(finding: SiteFinding, { siteCert }: SiteFiles): SiteFinding {
  return { ...finding, facts: describeCertificate(new X509Certificate(siteCert.reveal())) };
}

function describeCertificate({ subject, issuer, validFrom, validTo }: X509Certificate) {
  return {
    subject: subject.replaceAll('\n', ', '),
    issuer: issuer.replaceAll('\n', ', '),
    valid_from: validFrom,
    valid_until: validTo,
  };
}

/** Without a site nobody knows whether the host is registered. */
function unregistered({ context: { env } }: Scene): SiteFinding {
  if (!env['OMD_ROOT']) {
    return { status: 'unknown', text: 'nobody could look: only its site can shake hands with it' };
  }
  const text = 'wanted by the host, which this site does not know';
  return { status: 'fault', code: 'not-registered', text };
}

/** Also for what comes with the first read: TLS 1.3 tells then whether we are accepted. */
export function judgeTls(fault: CourierError): SiteFinding {
  const code = causeOf(fault);
  return { status: 'fault', code, text: 'fails', rawError: fault.message };
}

const byOwnCheck: Readonly<Record<string, CauseCode>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: 'registered-elsewhere',
  CERT_HAS_EXPIRED: 'certificate-expired',
  CERT_NOT_YET_VALID: 'certificate-not-yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'issuer-other-site',
  SELF_SIGNED_CERT_IN_CHAIN: 'issuer-other-site',
  UNABLE_TO_GET_ISSUER_CERT: 'issuer-other-site',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'issuer-other-site',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'issuer-other-site',
  CERT_SIGNATURE_FAILURE: 'issuer-other-site',
};

const byWords: readonly (readonly [words: RegExp, code: CauseCode])[] = [
  [/protocol version|unsupported protocol|wrong version|no protocols/i, 'tls-version'],
  [/alert (?:access denied|unrecognized name)/, 'uuid-unknown'],
  [/it has expired/, 'certificate-expired'],
  [/it is not valid yet/, 'certificate-not-yet'],
  [/certificate of the agent is revoked/, 'uuid-unknown'],
  [
    /alert (?:handshake failure|(?:bad |unsupported )?certificate|unknown ca)/,
    'client-certificate-refused',
  ],
  [/closed by the controller/, 'uuid-unknown'],
];

function causeOf(fault: CourierError): CauseCode {
  if (fault.code === 'TIMEOUT') return 'port-hangs';
  const own = byOwnCheck[errorCode(fault.cause) ?? ''];
  if (own !== undefined) return own;
  return byWords.find(([words]) => words.test(fault.message))?.[1] ?? 'unexplained';
}
