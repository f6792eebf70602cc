/** Opens a sealed drop for one host, or says why it is not believed. */

import { CourierError } from '../faults/errors.ts';
import type { Logger } from '../logging/log.ts';
import type { HostName } from '../names/host-name.ts';
import type { LastAccepted } from '../sealing/accepted.ts';
import { endOf, mayPiggyback } from '../sealing/enrolment.ts';
import type { HostKey, LoadedEnrolment } from '../sealing/enrolments.ts';
import { findKeyFault } from '../sealing/key-fault.ts';
import type { VerifiedDrop } from '../sealing/opening.ts';
import { type SealBook, sealBookFor } from '../sealing/seal-book.ts';
import { fromStamp } from '../sealing/stamp.ts';
import { formatDuration } from '../times/durations.ts';
import type { OutputLimit } from '../wrapping/decompress.ts';
import { openSeal } from '../wrapping/seal.ts';
import type { CheckContext } from './accept.ts';
import { checkAge } from './age.ts';
import type { Arrival, Seal, SealRules, Unsealed } from './sealed.ts';

/**
 * Opens a drop that has to be of this host: signed with a key enrolled for it, of an age that is
 * allowed, and no older than what was accepted before.
 *
 * @throws CourierError REFUSED, STALE, MALFORMED, TOO_LARGE; CONFIG or LOCAL when enrolments or what
 * was accepted last cannot be read
 */
export async function openForHost(
  sealed: Buffer,
  arrival: Arrival,
  host: HostName,
  [rules, context]: readonly [SealRules, CheckContext & OutputLimit],
): Promise<Unsealed & { readonly seal: Seal }> {
  const { env, clock, log } = context;
  const book = sealBookFor(env);
  const enrolment = await requireEnrolment(book, host);
  const last = await book.accepted.last(host);
  let verified: VerifiedDrop<HostKey> | undefined;
  const judge = (drop: VerifiedDrop<HostKey>) => {
    const fault = findKeyFault(drop.signer, clock.now());
    if (fault !== undefined) throw fault;
    requireHost(drop, host);
    checkSealAge(drop, arrival, [rules, context]);
    requireNoOlder(drop, last);
    verified = drop;
  };
  const trust = { verifiers: enrolment.keys, judge, siteKeys: () => book.siteKeys.all() };
  const output = await openSeal(sealed, trust, context);
  if (verified === undefined) throw new CourierError('INTERNAL', 'a seal that nobody judged');
  if (typeof last === 'string') tellLost(host, last, log);
  return { output, seal: toSeal(sealed, verified, [last, book]) };
}

async function requireEnrolment(book: SealBook, host: HostName): Promise<LoadedEnrolment> {
  const enrolment = await book.enrolments.find(host);
  if (enrolment !== undefined) return enrolment;
  const hint = `\`cmk-courier seals enroll ${host} KEY.pub\``;
  throw new CourierError('REFUSED', `this is sealed, and ${host} has no enrolment; ${hint}`);
}

/** @throws CourierError REFUSED */
function requireHost({ header, signer }: VerifiedDrop<HostKey>, host: HostName): void {
  if (header.host === host) return;
  const who = `sealed for ${header.host} with the key "${signer.label}"`;
  throw new CourierError('REFUSED', `${who}, not for ${host}`);
}

/**
 * Checks the age that the seal states. The time of the file or mail only helps to tell which clock
 * is wrong.
 */
function checkSealAge(
  { header }: VerifiedDrop<HostKey>,
  arrival: Arrival,
  [{ age }, { clock }]: readonly [SealRules, CheckContext],
): void {
  const { host } = header;
  const producedAt = fromStamp(header.produced);
  try {
    checkAge({ origin: `the drop of ${host}`, producedAt }, age, clock);
  } catch (error) {
    if (!(error instanceof CourierError)) throw error;
    const hint = findClockHint(producedAt, arrival, age.maxAgeMs, clock.now());
    throw new CourierError('STALE', `${error.message}${hint.replace('HOST', host)}`, {
      cause: error,
    });
  }
}

function findClockHint(
  producedAt: Date,
  { producedAt: arrivedAt }: Arrival,
  maxAgeMs: number,
  nowMs: number,
): string {
  if (producedAt.getTime() > nowMs) return ': the clock of HOST is ahead of ours';
  if (!(arrivedAt instanceof Date)) return '';
  const sinceMs = Math.max(0, nowMs - arrivedAt.getTime());
  if (sinceMs > maxAgeMs) return '';
  const came = `it came ${formatDuration(sinceMs)} ago`;
  return `; ${came}: the clock of HOST is behind ours, or it was held back`;
}

/** @throws CourierError STALE */
function requireNoOlder({ header }: VerifiedDrop<HostKey>, last: LastAccepted): void {
  if (typeof last === 'string' || header.produced >= last.produced) return;
  const [older, newer] = [header.produced, last.produced].map((stamp) =>
    fromStamp(stamp).toISOString().replace('.000', ''),
  );
  throw new CourierError(
    'STALE',
    `the drop of ${header.host} is of ${older}, and a newer one, of ${newer}, was accepted before`,
  );
}

function tellLost(host: HostName, last: 'none' | 'damaged', log: Logger): void {
  const message =
    last === 'none'
      ? 'no drop is known to have been accepted before: this one decides'
      : 'what was accepted before cannot be read any more: this drop decides';
  log.info({ host }, message);
}

function toSeal(
  drop: Buffer,
  { header, signer }: VerifiedDrop<HostKey>,
  [last, book]: readonly [LastAccepted, SealBook],
): Seal {
  const { host, produced } = header;
  const { id: keyId, label } = signer;
  return {
    label,
    keyId,
    produced: fromStamp(produced),
    stamp: produced,
    drop,
    expiresAtMs: endOf(signer),
    mayPiggyback: (name) => mayPiggyback(signer, name),
    prepare: () => book.accepted.prepare(host, { produced, signer: keyId }, last),
  };
}
