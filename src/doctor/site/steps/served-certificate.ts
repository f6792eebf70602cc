/** Which certificate a receiver that runs has in use: it reads its own at a start and at a reload. */

import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { loadCertificates } from '../../../certs/store.ts';

export interface InUse {
  readonly used: string;
  readonly onDisk: string;
}

/**
 * When the certificate in use ends, and that of the directory; undefined where they are the same, or
 * nobody can tell.
 */
export async function findOutdated(
  at: { readonly host: string; readonly port: number },
  directory: string,
  signal: AbortSignal,
): Promise<InUse | undefined> {
  const served = await look(at, signal);
  const store = await loadCertificates(directory).catch(() => undefined);
  if (served === undefined || store === undefined) return undefined;
  const own = new X509Certificate(store.serverCert);
  if (own.fingerprint256 === served.fingerprint256) return undefined;
  return { used: served.validTo, onDisk: own.validTo };
}

/** Nothing is sent or believed, so it need not be trusted. */
function look(
  at: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<X509Certificate | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ ...at, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate());
      socket.destroy();
    });
    const leave = () => socket.destroy();
    signal.addEventListener('abort', leave, { once: true });
    socket.setTimeout(longestMs, leave);
    socket.once('error', () => undefined);
    socket.once('close', () => {
      signal.removeEventListener('abort', leave);
      resolve(undefined);
    });
  });
}

/** For a handshake on this machine. */
const longestMs = 2000;
