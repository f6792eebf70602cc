/** What arrived → what Checkmk may see: unwrap → size → age → form → filter. */

import { filterOutput, type PiggybackRule, type SectionRule } from '../agent-output/filter.ts';
import type { Problem } from '../agent-output/problems.ts';
import { checkForm, type FormOptions } from '../agent-output/rules.ts';
import { requireForm, requireNone } from '../agent-output/validator.ts';
import type { Environment } from '../cli/environment.ts';
import type { Clock } from '../clock.ts';
import { CourierError } from '../faults/errors.ts';
import type { Logger } from '../logging/log.ts';
import type { HostName } from '../names/host-name.ts';
import type { Secret } from '../secrets/secrets.ts';
import { withOrigin, withPassedOver } from '../transports/candidates.ts';
import type { Delivery } from '../transports/transport.ts';
import { unwrap } from '../wrapping/unwrap.ts';
import { type AgeRule, checkAge } from './age.ts';
import { unsealedBefore } from './judging.ts';
import { requireOwnPiggyback } from './piggyback.ts';
import { type Seal, type SealRule, type Unsealed, unseal } from './sealed.ts';

/** What agent output must be, and what of it is wanted. */
export interface OutputRules {
  readonly age: AgeRule;
  readonly maxOutputBytes: number;
  /** Of output the agent encrypted; without it such output is refused. */
  readonly passphrase: Secret | undefined;
  /** Lets a web page ahead of sections pass, and says nothing of other text there. */
  readonly lenient: boolean;
  /** Refuses what some version of the site would drop a part of. */
  readonly strict: boolean;
  readonly piggyback: PiggybackRule;
  readonly sections: SectionRule;
  readonly seal: SealRule;
}

/** What the checks need beside their rules. */
export interface CheckContext {
  readonly clock: Clock;
  /** Ends programs that unpack. */
  readonly signal: AbortSignal;
  /** Whose PATH says where they are, and which site this is. */
  readonly env: Environment;
  readonly log: Logger;
}

/** What of a delivery may go on. */
export interface GoodOutput {
  readonly output: Buffer;
  /** Undefined when it is not known. */
  readonly producedAt: Date | undefined;
  /** What some version of the site drops of it. */
  readonly losses: readonly Problem[];
  /** Undefined when it had none. */
  readonly seal: Seal | undefined;
}

/**
 * Checks a delivery. Whatever is wrong with it, the fault says where it was, and what the transport
 * passed over for it.
 *
 * @throws CourierError TOO_LARGE, STALE, MALFORMED, NO_OUTPUT; REFUSED when the passphrase is wrong,
 * or a seal, or there is none where one has to be; LOCAL when a program that unpacks is missing;
 * CONFIG when an enrolment is wrong; the signal's reason
 */
export async function acceptDelivery(
  delivery: Delivery,
  host: HostName,
  rules: OutputRules,
  context: CheckContext,
): Promise<GoodOutput> {
  try {
    return await check(delivery, host, rules, context);
  } catch (error) {
    if (context.signal.aborted || !(error instanceof CourierError)) throw error;
    const { origin, passedOver = [] } = delivery;
    throw withPassedOver(withOrigin(error, origin), passedOver);
  }
}

async function check(
  delivery: Delivery,
  host: HostName,
  rules: OutputRules,
  context: CheckContext,
): Promise<GoodOutput> {
  const { output, seal } = await unsealOnce(delivery, host, rules, context);
  checkSize(output, delivery, rules);
  // By the seal, where there is one, whatever a file or a mail says; that has been checked.
  const producedAt = seal?.produced ?? checkAge(delivery, rules.age, context.clock);
  const good = passForm(output, rules, host);
  await requireOwnPiggyback(good.output, host, { seal, proof: delivery.proof }, context);
  return { ...good, producedAt, seal };
}

/** What a judge has opened need not be opened again; the passphrase is ours alone. */
async function unsealOnce(
  delivery: Delivery,
  host: HostName,
  rules: OutputRules,
  context: CheckContext,
): Promise<Unsealed> {
  const before = unsealedBefore(delivery.output, host);
  if (before === undefined) return unseal(delivery.output, delivery, host, [rules, context]);
  const { maxOutputBytes, passphrase } = rules;
  const output = await unwrap(before.output, { ...context, maxOutputBytes }, { passphrase });
  return { ...before, output };
}

/**
 * The form of output that is plain, and the filter. What leaks is refused wherever it stands; of
 * losses those count that the filter leaves.
 *
 * @throws CourierError MALFORMED, or NO_OUTPUT when the filter leaves nothing
 */
export function passForm(
  output: Buffer,
  rules: OutputRules,
  host: HostName,
): Pick<GoodOutput, 'output' | 'losses'> {
  const { lenient, strict } = rules;
  const found = requireForm(output, { lenient, host });
  const wanted = filterOutput(output, rules, host);
  const losses = wanted === output ? found : stillIn(wanted, found, { lenient, host });
  if (strict) requireNone(losses);
  return { output: wanted, losses };
}

/** Lines are counted in all of the output, as `check` counts them; what is left tells the rules. */
function stillIn(
  wanted: Buffer,
  losses: readonly Problem[],
  options: FormOptions,
): readonly Problem[] {
  if (losses.length === 0) return losses;
  const left = new Set(checkForm(wanted, options).map(({ rule }) => rule));
  return losses.filter(({ rule }) => left.has(rule));
}

/** A transport keeps to the limit on its own; this is the promise kept for all of them. */
function checkSize(output: Buffer, delivery: Delivery, rules: OutputRules): void {
  if (output.length <= rules.maxOutputBytes) return;
  throw new CourierError(
    'TOO_LARGE',
    `${delivery.origin} has ${output.length} bytes, allowed are ${rules.maxOutputBytes}`,
  );
}
