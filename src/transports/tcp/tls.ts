/**
 * The TLS of a site with an Agent Controller (agent-port.md#certificates). Loaded when a host wants
 * it.
 */

import type { Socket } from 'node:net';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { CourierError } from '../../faults/errors.ts';
import { errorCode } from '../../faults/system-errors.ts';
import { closedEarly, waitFor, withTimeLimit } from '../../system/waiting.ts';
import { handshakeTimeout } from './observations.ts';
import type { SiteFiles } from './site-files.ts';
import { strayBytes, tlsFault } from './tls-observations.ts';

interface TlsPeer {
  /** The name the controller's certificate must be for, and by which it chooses one. */
  readonly uuid: string;
  /** `10.1.2.3:6556`, for errors. */
  readonly shown: string;
}

/**
 * Starts TLS behind the marker; the controller has proved who it is when this resolves. Whether it
 * accepts us may turn out only when we read.
 *
 * @throws CourierError, the signal's reason included; the socket is then of no more use
 */
export async function startTls(
  socket: Socket,
  { uuid, shown }: TlsPeer,
  { files, timeoutMs }: { readonly files: SiteFiles; readonly timeoutMs: number },
  signal: AbortSignal,
): Promise<TLSSocket> {
  if (socket.readableLength > 0) throw strayBytes(shown);
  const secureContext = makeContext(files, shown);
  const tooSlow = () => handshakeTimeout(shown, timeoutMs);
  return withTimeLimit({ timeoutMs, tooSlow }, signal, async (limited) => {
    limited.throwIfAborted();
    // TLS would not hear of an end that has been read already, and wait.
    if (socket.readableEnded || socket.destroyed) throw tlsFault(closedEarly(), shown);
    const secured = connect({ socket, servername: uuid, secureContext, rejectUnauthorized: true });
    const hangUp = () => secured.destroy(closedEarly());
    socket.once('end', hangUp);
    secured.on('error', () => undefined);
    secured.pause();
    try {
      await waitFor<void>(secured, limited, (resolve) => ({ secureConnect: () => resolve() }));
      return secured;
    } catch (error) {
      secured.destroy();
      throw tlsFault(error, shown);
    } finally {
      socket.off('end', hangUp);
    }
  });
}

/** One file holds the key, the certificate and its authority, and stands for both options. */
function makeContext(files: SiteFiles, shown: string): SecureContext {
  const { siteCert, siteCertPath, agentCa } = files;
  const pem = siteCert.reveal();
  try {
    return createSecureContext({ cert: pem, key: pem, ca: agentCa, minVersion: 'TLSv1.2' });
  } catch (error) {
    const mismatch = errorCode(error)?.endsWith('KEY_VALUES_MISMATCH');
    const why = mismatch
      ? 'the private key is not that of the certificate'
      : `not usable for TLS (${errorCode(error) ?? 'no reason given'})`;
    throw new CourierError(
      'CONFIG',
      `error establishing TLS connection to ${shown}: reading --site-cert ${siteCertPath}: ${why}`,
      { cause: error },
    );
  }
}
