/**
 * The TLS of a site with an Agent Controller (agent-port.md#certificates). Loaded when a host wants
 * it.
 */

import type { Socket } from 'node:net';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { CourierError } from '../../faults/errors.ts';
import { errorCode } from '../../faults/system-errors.ts';
import { withTimeLimit } from '../../system/time-limit.ts';
import { closedEarly, waitFor } from '../../system/waiting.ts';
import { handshakeTimeout, readFault } from './observations.ts';
import { type ReadLimits, readToEnd } from './reading.ts';
import type { SiteFiles } from './site-files.ts';
import { type Handshake, revoked, strayBytes, tlsFault } from './tls-observations.ts';

interface Start extends Handshake {
  /** The name the controller's certificate must be for, and by which it chooses one. */
  readonly uuid: string;
  readonly timeoutMs: number;
}

/**
 * Starts TLS behind the marker; the controller has proved who it is when this resolves. Whether it
 * accepts us may turn out only when we read.
 *
 * @throws CourierError, the signal's reason included; the socket is then of no more use
 */
export async function startTls(
  socket: Socket,
  start: Start,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const { uuid, shown, files, timeoutMs } = start;
  if (socket.readableLength > 0) throw strayBytes(shown);
  const secureContext = makeContext(files, shown);
  const tooSlow = () => handshakeTimeout(shown, timeoutMs);
  return withTimeLimit({ timeoutMs, tooSlow }, signal, async (limited) => {
    limited.throwIfAborted();
    // TLS would not notice an end of the stream that was read before, and would wait for ever.
    if (socket.readableEnded || socket.destroyed) throw tlsFault(closedEarly(), start);
    const secured = connect({ socket, servername: uuid, secureContext, rejectUnauthorized: true });
    const hangUp = () => secured.destroy(closedEarly());
    socket.once('end', hangUp);
    secured.on('error', () => undefined);
    secured.pause();
    try {
      await waitFor<void>(secured, limited, (resolve) => ({ secureConnect: () => resolve() }));
      requireNotRevoked(secured, start);
      return secured;
    } catch (error) {
      secured.destroy();
      throw tlsFault(error, start);
    } finally {
      socket.off('end', hangUp);
    }
  });
}

/** A key taken from a host that was revoked must not speak for it any more. */
function requireNotRevoked(secured: TLSSocket, { files, shown }: Start): void {
  const serial = secured.getPeerX509Certificate()?.serialNumber;
  if (serial === undefined || !files.revocations?.has(serial)) return;
  throw revoked(shown);
}

/** Every error before the first byte of the message counts as a failure of the handshake. */
export async function readSecured(
  secured: Socket,
  handshake: Handshake,
  limits: ReadLimits,
  signal: AbortSignal,
): Promise<Buffer> {
  let hasBegun = false;
  secured.once('data', () => {
    hasBegun = true;
  });
  try {
    return await readToEnd(secured, Buffer.alloc(0), limits, signal);
  } catch (error) {
    throw hasBegun ? readFault(error, limits.shown) : tlsFault(error, handshake);
  }
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
