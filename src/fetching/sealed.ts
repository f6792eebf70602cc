/** Whether output is sealed, has to be, and by whom it may be: asked of every delivery. */

import { statSync } from 'node:fs';
import { CourierError, quote } from '../faults/errors.ts';
import { errorCode } from '../faults/system-errors.ts';
import type { HostName } from '../names/host-name.ts';
import type { Rise } from '../sealing/accepted.ts';
import { isSealed } from '../sealing/first-bytes.ts';
import { daysUntil, warnedDays } from '../sealing/key-end.ts';
import { sealPlaces } from '../sealing/places.ts';
import { wasOpened } from '../spool/origins.ts';
import type { SpooledOutput } from '../spool/record.ts';
import type { Delivery } from '../transports/transport.ts';
import type { OutputLimit } from '../wrapping/decompress.ts';
import { unwrap } from '../wrapping/unwrap.ts';
import type { CheckContext, OutputRules } from './accept.ts';

/**
 * `enrolled`: as the enrolment of the host says. `required`: on every way. The same for a relay, which
 * opens no seal and leaves that to its site: `carried`, and `carried-only`. The same for who serves a
 * site and passes drops on to others, too: `passed` and `passed-only` carry what is of a host without
 * an enrolment here.
 */
export type SealRule =
  | 'enrolled'
  | 'required'
  | 'carried'
  | 'carried-only'
  | 'passed'
  | 'passed-only';

/** Who else gets the drops of a collector: the site of a relay, or all who read a broker. */
export type SealWay = 'carried' | 'passed';

/** The rule of a route where drops go on that way. */
export function toWay(rule: SealRule, way: SealWay): SealRule {
  return rule === 'required' ? `${way}-only` : way;
}

/** The seal that was opened. */
export interface Seal {
  /** What people call the key. */
  readonly label: string;
  readonly keyId: string;
  readonly produced: Date;
  /** The same as it stands in the drop: 14 digits of UTC. */
  readonly stamp: string;
  /** The drop itself; not to be changed. */
  readonly drop: Buffer;
  /** When the key ends, in milliseconds since 1970; undefined when it does not. */
  readonly expiresAtMs: number | undefined;
  /** Whether its key may send piggyback for another host. */
  readonly mayPiggyback: (host: string) => boolean;
  /**
   * Writes what will be the last drop that was accepted, to be committed once it is delivered.
   *
   * @throws CourierError LOCAL
   */
  prepare(): Promise<Rise>;
}

function isRequired(rule: SealRule): boolean {
  return rule === 'required' || rule === 'carried-only' || rule === 'passed-only';
}

/** Whole days until the key of a seal ends; undefined when it does not end. */
export function daysLeft(
  { expiresAtMs }: Pick<Seal, 'expiresAtMs'>,
  nowMs: number,
): number | undefined {
  return expiresAtMs === undefined ? undefined : daysUntil(expiresAtMs, nowMs);
}

/** Whether it is time for a new key. */
export function endsSoon(seal: Seal | undefined, nowMs: number): boolean {
  const days = seal && daysLeft(seal, nowMs);
  return days !== undefined && days <= warnedDays;
}

/** Output without all that was around it. */
export interface Unsealed {
  readonly output: Buffer;
  readonly seal: Seal | undefined;
  /** When a drop was produced that stays sealed, as it says itself. */
  readonly carried?: Date;
}

/** The rules that a seal is held against, and what is around it. */
export type SealRules = Pick<OutputRules, 'maxOutputBytes' | 'age' | 'seal' | 'passphrase'>;

/** What a delivery says beside its bytes. */
export type Arrival = Pick<Delivery, 'producedAt' | 'proof'>;

/**
 * Takes compression, seal and encryption off, and refuses what is not sealed where that has to be.
 *
 * @throws CourierError REFUSED, STALE, MALFORMED, TOO_LARGE; CONFIG or LOCAL when enrolments cannot
 * be read
 */
export async function unseal(
  bytes: Buffer,
  arrival: Arrival,
  host: HostName,
  [rules, context]: readonly [SealRules, CheckContext],
): Promise<Unsealed> {
  const limit: OutputLimit = { ...context, maxOutputBytes: rules.maxOutputBytes };
  let seal: Seal | undefined;
  const carries = await isCarried(host, rules, context);
  const openSeal = async (sealed: Buffer) => {
    const { openForHost } = await import('./open-seal.ts');
    const opened = await openForHost(sealed, arrival, host, [rules, { ...context, ...limit }]);
    seal = opened.seal;
    return opened.output;
  };
  const output = await unwrap(bytes, limit, {
    passphrase: rules.passphrase,
    ...(carries ? { keepsSeal: true } : { openSeal }),
  });
  if (carries && isSealed(output)) {
    const { carrySeal } = await import('./carry-seal.ts');
    return carrySeal(output, host, rules, context);
  }
  const isAsked = seal === undefined && (isRequired(rules.seal) || hasEnrolments(context));
  if (isAsked) {
    await requireUnsealed(arrival, host, rules, context);
  }
  return { output, seal };
}

/** @throws CourierError CONFIG or LOCAL when enrolments cannot be read */
async function isCarried(
  host: HostName,
  { seal: rule }: SealRules,
  context: CheckContext,
): Promise<boolean> {
  if (rule === 'carried' || rule === 'carried-only') return true;
  if (rule !== 'passed' && rule !== 'passed-only') return false;
  if (!hasEnrolments(context)) return true;
  const { sealBookFor } = await import('../sealing/seal-book.ts');
  return (await sealBookFor(context.env).enrolments.find(host)) === undefined;
}

/**
 * Most sites have no enrolments, and load no code for them. A directory that cannot be looked at is
 * a fault.
 */
export function hasEnrolments({ env }: Pick<CheckContext, 'env'>): boolean {
  try {
    return statSync(sealPlaces(env).hosts, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    return errorCode(error) !== 'ENOTDIR';
  }
}

/**
 * Refuses what a spool has of a host that has to seal, unless it was opened on its way there.
 *
 * @throws CourierError REFUSED; CONFIG or LOCAL when enrolments cannot be read
 */
export async function requireOpened(
  kept: SpooledOutput,
  rules: SealRules,
  context: Omit<CheckContext, 'signal'>,
): Promise<void> {
  if (wasOpened(kept) || (!isRequired(rules.seal) && !hasEnrolments(context))) return;
  await requireUnsealed({ producedAt: undefined }, kept.host, rules, context);
}

/** @throws CourierError REFUSED when output of a host has to be sealed on the way it came */
async function requireUnsealed(
  { proof }: Arrival,
  host: HostName,
  { seal: rule }: SealRules,
  { env, clock }: Omit<CheckContext, 'signal'>,
): Promise<void> {
  if (proof === 'opened') return;
  const { sealBookFor } = await import('../sealing/seal-book.ts');
  const { isSealOptional } = await import('../sealing/enrolment.ts');
  const enrolment = await sealBookFor(env).enrolments.find(host);
  if (isRequired(rule)) {
    const how = enrolment === undefined ? `, and ${host} has no enrolment` : '';
    throw new CourierError('REFUSED', `this is not sealed, which is required here${how}`);
  }
  if (enrolment === undefined || proof === 'way') return;
  if (isSealOptional(enrolment, clock.now())) return;
  const by = enrolment.name === host ? '' : ` by ${quote(enrolment.name)}`;
  throw new CourierError('REFUSED', `this is not sealed, and ${host} is enrolled${by}`);
}
