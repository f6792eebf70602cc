/** The certificate of an agent that was not accepted: a second connection, to read it and nothing else. */

import type { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { CourierError } from '../../faults/errors.ts';
import { withTimeLimit } from '../../system/time-limit.ts';
import { waitFor } from '../../system/waiting.ts';
import { connectTo } from '../../transports/tcp/connecting.ts';
import type { AgentPlace } from '../../transports/tcp/place.ts';
import { readMarker } from '../../transports/tcp/reading.ts';
import type { SiteFiles } from '../../transports/tcp/site-files.ts';

const patienceMs = 2000;

/**
 * Undefined when it is not shown again, or in time.
 *
 * @throws CourierError only the signal's reason
 */
export async function readShownCertificate(
  place: AgentPlace,
  { uuid, files }: { readonly uuid: string; readonly files: SiteFiles },
  signal: AbortSignal,
): Promise<X509Certificate | undefined> {
  const limit = { timeoutMs: patienceMs, tooSlow: 'no certificate' };
  try {
    return await withTimeLimit(limit, signal, (limited) => read(place, uuid, files, limited));
  } catch (error) {
    if (signal.aborted || !(error instanceof CourierError)) throw error;
    return undefined;
  }
}

async function read(
  place: AgentPlace,
  uuid: string,
  { siteCert }: SiteFiles,
  signal: AbortSignal,
): Promise<X509Certificate | undefined> {
  const plain = await connectTo(place, patienceMs, signal);
  try {
    await readMarker(plain, { shown: place.shown, timeoutMs: patienceMs }, signal);
    const pem = siteCert.reveal();
    const own = { cert: pem, key: pem, servername: uuid };
    // Nothing is believed or sent: it is only looked at.
    const secured = connect({ ...own, socket: plain, rejectUnauthorized: false });
    secured.on('error', () => undefined);
    try {
      await waitFor<void>(secured, signal, (resolve) => ({ secureConnect: () => resolve() }));
      return secured.getPeerX509Certificate();
    } finally {
      secured.destroy();
    }
  } catch (error) {
    if (signal.aborted || error instanceof CourierError) throw error;
    return undefined;
  } finally {
    plain.destroy();
  }
}

/** Subjects of the authorities of a site: `Site 'mysite' agent signing CA`. */
export function describeIssuer({ issuer }: X509Certificate): string {
  const [, name = ''] = /^CN=(.*)$/m.exec(issuer) ?? [];
  const [, site] = /^Site '([^']+)'/.exec(name) ?? [];
  return site === undefined ? `signed by ${name || 'nobody with a name'}` : `of the site ${site}`;
}
