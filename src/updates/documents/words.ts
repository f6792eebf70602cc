/** Values that several documents have in common (update-documents.md#values). */

import { CourierError } from '../../faults/errors.ts';
import { isHostName } from '../../names/host-name.ts';
import type { PayloadReader } from '../../sealing/payload.ts';
import { isStamp } from '../../sealing/stamp.ts';

/** 15 digits: the most that every awk can print and compare. */
export const highestCounter = 999_999_999_999_999;

export const counterText = /^(?:0|[1-9]\d{0,14})$/;
export const digestText = /^[0-9a-f]{64}$/;
export const agentHashText = /^[0-9a-f]{16}$/;

/** Whom a document is for: `host:web01`, `group:<64 hex>`, or `any`. */
export type Audience = `host:${string}` | `group:${string}` | 'any';

function isAudience(text: string): text is Audience {
  if (text === 'any' || /^group:[0-9a-f]{64}$/.test(text)) return true;
  return text.startsWith('host:') && isHostName(text.slice('host:'.length));
}

/** Longest life of a document, in seconds of stamps: a mistake in a year is found here. */
export interface Period {
  /** A stamp. */
  readonly issued: string;
  /** A stamp, later than the other. */
  readonly expires: string;
}

/** @throws CourierError MALFORMED */
export function takePeriod(reader: PayloadReader): Period {
  const issued = reader.take('issued', isStamp);
  const expires = reader.take('expires', (value) => isStamp(value) && value > issued);
  return { issued, expires };
}

/** @throws CourierError MALFORMED */
export function takeAudience(reader: PayloadReader): Audience {
  const text = reader.take('audience', isAudience);
  if (isAudience(text)) return text;
  throw new CourierError('MALFORMED', 'a signed document that is for nobody');
}

/** @throws CourierError MALFORMED */
export function takeNumber(reader: PayloadReader, name: string, least = 0): number {
  return Number(reader.take(name, (value) => counterText.test(value) && Number(value) >= least));
}

/**
 * One of a few words.
 *
 * @throws CourierError MALFORMED
 */
export function takeWord<const Word extends string>(
  reader: PayloadReader,
  name: string,
  words: readonly Word[],
): Word {
  const text = reader.take(name, (value) => words.some((word) => word === value));
  const word = words.find((known) => known === text);
  if (word === undefined) throw new CourierError('MALFORMED', `${name} has an unknown value`);
  return word;
}
