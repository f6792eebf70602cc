/** From a delivery to what Checkmk may see: unwrap → size → age → form → filter. */

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

/** The rules that agent output must meet, and which part of it is wanted. */
export interface OutputRules {
  readonly age: AgeRule;
  readonly maxOutputBytes: number;
  /** For output that the agent encrypted; without it such output is refused. */
  readonly passphrase: Secret | undefined;
  /** Lets a web page ahead of sections pass, and does not mention other text there. */
  readonly lenient: boolean;
  /** Refuses output of which some version of the site would drop a part. */
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
  /** Its PATH finds those programs; OMD_ROOT and the like name the site. */
  readonly env: Environment;
  readonly log: Logger;
}

/** The part of a delivery that may go to the site. */
export interface GoodOutput {
  readonly output: Buffer;
  /** Undefined when it is not known. */
  readonly producedAt: Date | undefined;
  /** Parts of it that some version of the site drops. */
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
  const { output, seal, carried } = await unsealOnce(delivery, host, rules, context);
  checkSize(output, delivery, rules);
  // What is in it nobody can see here.
  if (carried !== undefined) return { output, producedAt: carried, seal, losses: [] };
  // A seal states the time of production, and its age has been checked; what a file or a mail says
  // does not count then.
  const producedAt = seal?.produced ?? checkAge(delivery, rules.age, context.clock);
  const good = passForm(output, rules, host);
  await requireOwnPiggyback(good.output, host, { seal, proof: delivery.proof }, context);
  return { ...good, producedAt, seal };
}

/**
 * What a judge has opened is not opened again. A judge has no passphrase, so decryption is done
 * here only.
 */
async function unsealOnce(
  delivery: Delivery,
  host: HostName,
  rules: OutputRules,
  context: CheckContext,
): Promise<Unsealed> {
  const before = unsealedBefore(delivery.output, host);
  if (before?.carried !== undefined) return before;
  if (before === undefined) return unseal(delivery.output, delivery, host, [rules, context]);
  const { maxOutputBytes, passphrase } = rules;
  const output = await unwrap(before.output, { ...context, maxOutputBytes }, { passphrase });
  return { ...before, output };
}

/**
 * Checks the form of plain output and applies the filter. Output that would leak into other hosts
 * is refused whatever the filter says; losses count only in sections that the filter leaves.
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

/**
 * Problems with the line numbers of the whole output, as `check` counts them, for the rules that
 * what is left still breaks.
 */
function stillIn(
  wanted: Buffer,
  losses: readonly Problem[],
  options: FormOptions,
): readonly Problem[] {
  if (losses.length === 0) return losses;
  const left = new Set(checkForm(wanted, options).map(({ rule }) => rule));
  return losses.filter(({ rule }) => left.has(rule));
}

/** Each transport keeps to the limit by itself; this check makes sure for all of them. */
function checkSize(output: Buffer, delivery: Delivery, rules: OutputRules): void {
  if (output.length <= rules.maxOutputBytes) return;
  throw new CourierError(
    'TOO_LARGE',
    `${delivery.origin} has ${output.length} bytes, allowed are ${rules.maxOutputBytes}`,
  );
}
