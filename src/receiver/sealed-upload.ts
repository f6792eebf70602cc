/** Sealed output on its way into the spool: what is believed of it here, and what a fetch looks at again. */

import { type HostName, isHostName } from '../names/host-name.ts';
import type { AcceptedDrop } from '../sealing/accepted.ts';
import { readHeader, requireBody, splitDrop } from '../sealing/drop.ts';
import { decryptBody } from '../sealing/encryption.ts';
import { isSealOptional, mayPiggyback } from '../sealing/enrolment.ts';
import type { HostKey } from '../sealing/enrolments.ts';
import { isSealed } from '../sealing/first-bytes.ts';
import { findKeyFault } from '../sealing/key-fault.ts';
import { type VerifiedDrop, verifyDrop } from '../sealing/opening.ts';
import type { SealBook } from '../sealing/seal-book.ts';
import { fromStamp } from '../sealing/stamp.ts';
import { formatDuration } from '../times/durations.ts';
import { isFromFuture } from '../times/skew.ts';
import type { Unpacker } from './intake.ts';
import { Refusal } from './refusal.ts';

/** What an upload is, once its seal has been looked at. */
export interface LookedAt {
  /** By the seal; undefined where there is none. */
  readonly producedAt: Date | undefined;
  /**
   * The agent output, where it can be seen; undefined for what only another site can open, and for
   * what is encrypted and signed by nobody we know.
   */
  readonly inside: Buffer | undefined;
  /** Of what was accepted later already: it is served, and not kept. */
  readonly isOlder: boolean;
  /** Whether a seal lets it speak for another host. */
  readonly mayPiggyback: (host: string) => boolean;
}

/** What is needed beside the bytes. */
export interface LookContext {
  readonly book: SealBook;
  readonly nowMs: number;
  readonly maxSkewMs: number;
  readonly unpacker: Unpacker;
}

/**
 * Looks at an upload. Of a host that is enrolled the signature is verified, of others only the form
 * of the drop; the body is opened where it can be.
 *
 * @throws Refusal 403 for what is not sealed and has to be, or not by its host; CourierError
 * MALFORMED, REFUSED; CONFIG or LOCAL when enrolments cannot be read
 */
export async function lookAtSeal(
  output: Buffer,
  host: HostName,
  context: LookContext,
): Promise<LookedAt> {
  const { book, nowMs } = context;
  const enrolment = await book.enrolments.find(host);
  if (!isSealed(output)) {
    if (enrolment !== undefined && !isSealOptional(enrolment, nowMs)) {
      throw new Refusal('forbidden', `${host} is enrolled: its output has to be sealed`);
    }
    return { producedAt: undefined, inside: output, isOlder: false, mayPiggyback: () => false };
  }
  const drop = enrolment === undefined ? readUnproven(output) : verifyDrop(output, enrolment.keys);
  requireSeal(drop, host, context);
  await requireBody(drop.body, drop.header);
  const inside = await open(drop, context);
  const { signer } = drop;
  const last = await book.accepted.last(host);
  return {
    producedAt: fromStamp(drop.header.produced),
    inside,
    isOlder: isAccepted(last) && drop.header.produced < last.produced,
    mayPiggyback: (name) => signer !== undefined && mayPiggyback(signer, name),
  };
}

/** A drop, signed by whom it says or by nobody we know. */
type ReadDrop = Omit<VerifiedDrop<HostKey>, 'signer'> & { readonly signer: HostKey | undefined };

function isAccepted(last: AcceptedDrop | string): last is AcceptedDrop {
  return typeof last === 'object';
}

function readUnproven(output: Buffer): ReadDrop {
  const { payload, body } = splitDrop(output);
  return { header: readHeader(payload), signer: undefined, body };
}

function requireSeal({ header, signer }: ReadDrop, host: HostName, context: LookContext): void {
  const { nowMs, maxSkewMs } = context;
  const fault = signer && findKeyFault(signer, nowMs);
  if (fault !== undefined) throw fault;
  if (header.host !== host) {
    throw new Refusal('forbidden', `sealed for ${header.host}, not for ${host}`);
  }
  const produced = fromStamp(header.produced);
  if (!isFromFuture(produced, nowMs, maxSkewMs)) return;
  const ahead = formatDuration(produced.getTime() - nowMs);
  const why = `the clock of ${host} is ahead of ours`;
  throw new Refusal('bad-request', `sealed ${ahead} in the future: ${why}`);
}

/**
 * What another site alone can decrypt is kept as it is; what is for us has to open. Where nobody
 * has signed nothing is decrypted: the answers would tell whoever changes it what is in it.
 */
async function open(
  { header, signer, body }: ReadDrop,
  context: LookContext,
): Promise<Buffer | undefined> {
  const { book, unpacker } = context;
  const { wrappedKeys, contentEncoding } = header;
  let plain = body;
  if (wrappedKeys.length > 0) {
    if (signer === undefined) return undefined;
    const keys = await book.siteKeys.all();
    const isForUs = wrappedKeys.some(({ recipient }) => keys.some(({ id }) => id === recipient));
    if (!isForUs) return undefined;
    plain = await decryptBody(body, header, keys);
  }
  const unpacked =
    contentEncoding === 'identity' ? plain : await unpacker.inflate(plain, contentEncoding);
  return unpacker.unwrap(unpacked);
}

/**
 * Refuses piggyback for enrolled hosts that no seal allows: what the sender may do is not enough.
 *
 * @throws Refusal 403; CourierError CONFIG or LOCAL when enrolments cannot be read
 */
export async function requireSealedPiggyback(
  piggybackedHosts: readonly string[],
  host: HostName,
  seal: Pick<LookedAt, 'mayPiggyback'>,
  { enrolments }: SealBook,
): Promise<void> {
  for (const name of piggybackedHosts) {
    if (name === host || !isHostName(name) || seal.mayPiggyback(name)) continue;
    if ((await enrolments.find(name)) === undefined) continue;
    const why = `there is piggyback for ${name}, which is enrolled, and no seal allows it`;
    throw new Refusal('forbidden', why);
  }
}

/** Says that a drop was served and not kept. */
export function describeOlderDrop({ producedAt }: Pick<LookedAt, 'producedAt'>): string {
  return `older drop dropped: produced ${producedAt?.toISOString()}, a later one was accepted`;
}
