/** Whether one of several things in a source is agent output: what transports ask when they choose. */

import { findForeign, isEncrypted } from '../agent-output/first-bytes.ts';
import { CourierError, type FaultCode } from '../faults/errors.ts';
import type { HostName } from '../names/host-name.ts';
import type { Objection, OpenContext } from '../transports/transport.ts';
import { findCut } from '../wrapping/symmetric.ts';
import type { CheckContext, OutputRules } from './accept.ts';
import { type Unsealed, unseal } from './sealed.ts';

/**
 * Seals that were opened, so that none is opened twice; an entry lives as long as the bytes it came
 * from.
 */
const opened = new WeakMap<Buffer, Unsealed & { readonly host: HostName }>();

/** The unwrapped output, if the bytes were unwrapped for this host before. */
export function unsealedBefore(bytes: Buffer, host: HostName): Unsealed | undefined {
  const before = opened.get(bytes);
  return before?.host === host ? before : undefined;
}

/** The rules that a judge applies. */
export type JudgingRules = Pick<OutputRules, 'maxOutputBytes' | 'age' | 'seal'>;

/** A text that is equal for judges with equal rules. */
export function judgeKey({ maxOutputBytes, age, seal }: JudgingRules): string {
  return [maxOutputBytes, age.maxAgeMs, age.maxSkewMs, seal].join(' ');
}

/**
 * Makes the judge for some rules. It knows no passphrase and no filter: what is encrypted counts as
 * agent output, since a wrong passphrase has to be told and not passed over. A seal is opened, so
 * that nobody who can write to a source can hide good output behind a seal that is wrong, old or of
 * another host.
 */
export function judgeBy(
  { maxOutputBytes, age, seal }: JudgingRules,
  context: Omit<CheckContext, 'signal'>,
): OpenContext['accepts'] {
  const rules = { maxOutputBytes, age, seal, passphrase: undefined };
  return async (bytes, { host, signal }) => {
    try {
      const arrival = { producedAt: undefined };
      const unsealed = await unseal(bytes, arrival, host, [rules, { ...context, signal }]);
      if (unsealed.output !== bytes) opened.set(bytes, { ...unsealed, host });
      if (unsealed.carried !== undefined) return undefined;
      return findForeign(unsealed.output) ?? findTorn(unsealed.output);
    } catch (error) {
      return toObjection(error);
    }
  };
}

/** What is encrypted ends with a whole block. */
function findTorn(output: Buffer): Objection {
  return isEncrypted(output.toString('latin1', 0, 18)) ? findCut(output) : undefined;
}

/** Faults of the bytes themselves. */
const ofBytes: readonly FaultCode[] = ['MALFORMED', 'TOO_LARGE', 'REFUSED', 'STALE'];

/** Faults on our side; they are told when the bytes are checked. */
const ofUs: readonly FaultCode[] = ['LOCAL', 'CONFIG'];

function toObjection(error: unknown): Objection {
  if (!(error instanceof CourierError)) throw error;
  if (ofBytes.includes(error.code)) return error.message;
  if (ofUs.includes(error.code)) return undefined;
  throw error;
}
