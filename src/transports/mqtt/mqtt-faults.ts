/** What a broker answers, in our words. */

import { CourierError, type FaultCode, quote } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';

type Meaning = readonly [code: FaultCode, words: string];

/** Return codes of CONNACK: MQTT 3.1.1, 3.2.2.3. */
const oldReasons: Readonly<Record<number, Meaning>> = {
  1: ['PEER', 'the broker does not know this version of MQTT'],
  2: ['REFUSED', 'the broker does not take our client ID'],
  3: ['PEER', 'the broker is not available now'],
  4: ['REFUSED', 'login refused: wrong user or password'],
  5: ['REFUSED', 'login refused: not authorised'],
};

/** Reason codes: MQTT 5, 2.4. */
const reasons: Readonly<Record<number, Meaning>> = {
  ...oldReasons,
  129: ['PEER', 'the broker calls our packet malformed'],
  130: ['PEER', 'the broker says that we break the protocol'],
  132: ['PEER', 'the broker does not know this version of MQTT'],
  133: ['REFUSED', 'the broker does not take our client ID'],
  134: ['REFUSED', 'login refused: wrong user or password'],
  135: ['REFUSED', 'not authorised'],
  136: ['PEER', 'the broker is not available now'],
  137: ['PEER', 'the broker is busy'],
  138: ['REFUSED', 'the broker has banned us'],
  139: ['PEER', 'the broker is shutting down'],
  140: ['REFUSED', 'the broker wants another way to log in'],
  142: ['PEER', 'another client came with our client ID'],
  143: ['REFUSED', 'the broker does not allow this topic'],
  144: ['REFUSED', 'the broker does not allow this topic'],
  149: ['PEER', 'the broker calls our packet too large'],
  150: ['PEER', 'the broker says that we ask too often'],
  151: ['PEER', 'a quota of the broker is exceeded'],
  152: ['PEER', 'an administrator of the broker closed the connection'],
  156: ['PEER', 'the broker sends us to another one'],
  157: ['PEER', 'the broker has moved'],
  159: ['PEER', 'the broker says that we connect too often'],
  160: ['PEER', 'the broker allows no longer connections'],
};

/** Answers to a CONNECT in a version the broker does not know: MQTT 3.1.1 and 5. */
export const unknownVersion: readonly number[] = [1, 132];

/**
 * A reason code of the broker as a fault.
 *
 * @param doing what was being done, at what: `connecting to broker:1883`
 */
export function toReasonFault(reason: number, doing: string, cause?: unknown): CourierError {
  const [code, words] = reasons[reason] ?? ['PEER', `the broker answers with code ${reason}`];
  return new CourierError(code, `${doing}: ${words}`, { cause });
}

/** The number in an error of the library, if it stands for a reason. */
export function reasonOf(error: unknown): number | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'number' ? code : undefined;
}

/** Any error of a connection as a CourierError. */
export function asMqttFault(error: unknown, doing: string): CourierError {
  if (error instanceof CourierError) return error;
  const reason = reasonOf(error);
  if (reason !== undefined) return toReasonFault(reason, doing, error);
  const fault = asCourierError(error, doing);
  if (fault.code !== 'INTERNAL') return fault;
  // What its parser says of bytes that are no MQTT has no code.
  const said = error instanceof Error ? error.message : String(error);
  const why = `${doing}: what the broker sends is not MQTT: ${quote(said)}`;
  return new CourierError('PEER', why, { cause: error });
}
