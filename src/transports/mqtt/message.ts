/** What a message of a broker says beside the agent output in it. */

import type { IPublishPacket } from 'mqtt';
import { CourierError } from '../../faults/errors.ts';
import { oldestOf, readStatedTime, type StatedTime } from '../../times/stated-time.ts';
import type { Delivery } from '../transport.ts';

/** A message that came. */
export interface Message {
  readonly output: Buffer;
  readonly producedAt: StatedTime;
}

/** The name of the user property (MQTT 5, 3.3.2.3.7) that says when the output was made. */
const producedProperty = 'produced';

export function toMessage(payload: Buffer, { properties }: IPublishPacket): Message {
  const stated = properties?.userProperties?.[producedProperty] ?? [];
  const texts = typeof stated === 'string' ? [stated] : stated;
  const times = texts.map((text) => readStatedTime(`user property ${producedProperty}`, text));
  return { output: payload, producedAt: oldestOf(times) };
}

/**
 * @param origin the topic, for messages
 * @throws CourierError TOO_LARGE
 */
export function toDelivery(message: Message, origin: string, maxOutputBytes: number): Delivery {
  const { output, producedAt } = message;
  if (output.length > maxOutputBytes) throw tooLarge(origin, output.length, maxOutputBytes);
  return { output, origin, producedAt, acknowledge: async () => undefined };
}

export function tooLarge(origin: string, bytes: number, maxOutputBytes: number): CourierError {
  const why = `has ${bytes} bytes, more than the allowed ${maxOutputBytes}`;
  return new CourierError('TOO_LARGE', `${origin} ${why}`);
}
