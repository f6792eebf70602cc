/** From a stored message to a delivery. */

import { CourierError, quote } from '../../faults/errors.ts';
import type { HostName } from '../../names/host-name.ts';
import {
  readPackedFor,
  readProduced,
  type StoredMessage,
  unpackOutput,
} from '../../nats/message.ts';
import { isFromFuture } from '../../times/skew.ts';
import { withOrigin } from '../candidates.ts';
import type { Delivery, OpenContext } from '../transport.ts';

/**
 * Unpacks the message of a host.
 *
 * @param where the stream and its servers, for messages
 * @throws CourierError NO_OUTPUT when it is from the future, and so counts as absent: one wrong
 * clock would keep right ones out until then; TOO_LARGE, MALFORMED; PEER when the server does not say
 * when it stored it
 */
export async function toDelivery(
  message: StoredMessage,
  host: HostName,
  where: string,
  context: OpenContext,
): Promise<Delivery> {
  if (Number.isNaN(message.storedAt.getTime())) {
    throw new CourierError('PEER', `${where}: the server does not say when it stored this`);
  }
  requireOwn(message, host, where);
  const { producedAt } = readProduced(message);
  const { clock, maxSkewMs } = context;
  if (producedAt instanceof Date && isFromFuture(producedAt, clock.now(), maxSkewMs)) {
    const what = `${where}: all there is of ${host} was produced at ${producedAt.toISOString()}`;
    throw new CourierError('NO_OUTPUT', `${what}, which is in the future`);
  }
  const stored = `${where} (stored ${message.storedAt.toISOString()})`;
  const unpacked = await unpackOutput(message, context).catch((error: unknown) => {
    throw error instanceof CourierError ? withOrigin(error, stored) : error;
  });
  const { output, origin } = unpacked;
  return {
    output,
    origin: origin === '' ? stored : `${stored.slice(0, -1)}, ${origin})`,
    producedAt: unpacked.producedAt,
    async acknowledge() {},
  };
}

/**
 * Servers send answers to whatever subject a question names, and so one host's output can come to lie
 * under the subject of another (nats.md#where-answers-go).
 *
 * @throws CourierError MALFORMED
 */
function requireOwn({ headers }: StoredMessage, host: HostName, where: string): void {
  const packedFor = readPackedFor(headers);
  if (packedFor === undefined || packedFor === host) return;
  const what = `${where}: what lies under ${host} is the output of ${quote(packedFor)}`;
  throw new CourierError('MALFORMED', what);
}
