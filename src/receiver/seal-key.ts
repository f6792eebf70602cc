/** A host hands in the key it seals with: `PUT /v1/hosts/<host>/seal-key` (sealed-drops.md#enrolling-through-the-receiver). */

import type { HostName } from '../names/host-name.ts';
import { changeEnrolment, withKey } from '../sealing/changing.ts';
import { toDay } from '../sealing/enrolment.ts';
import type { HostKey, LoadedEnrolment } from '../sealing/enrolments.ts';
import { isSealed } from '../sealing/first-bytes.ts';
import { findKeyFault } from '../sealing/key-fault.ts';
import { fingerprintOf, type PublicKey, readPublicKey } from '../sealing/keys.ts';
import { openBody, verifyDrop } from '../sealing/opening.ts';
import { fromStamp } from '../sealing/stamp.ts';
import { isFromFuture } from '../times/skew.ts';
import { decompress } from '../wrapping/decompress.ts';
import { readBody } from './body.ts';
import { type Answer, type Exchange, noContent } from './exchange.ts';
import { Budget } from './limits.ts';
import { Refusal } from './refusal.ts';
import type { Services } from './services.ts';
import { confirmWriter, identifyWriter, parseHostOfPath, requireHost } from './writer.ts';

/** Room for a sealed drop with the largest key there may be. */
const largestBody = 32 * 1024;
const largestKey = 16 * 1024;
/** All of these bodies together. */
const memory = new Budget(256 * largestBody);

/** A drop with a key is not believed when it is older than this: somebody may have recorded it. */
const longestMs = 3_600_000;

/** Answers 204 when the key is enrolled, 202 when it waits for somebody to say so. */
export async function takeSealKey(exchange: Exchange, services: Services): Promise<Answer> {
  const writer = await identifyWriter(exchange, services);
  exchange.note.by = writer.name;
  const host = parseHostOfPath(exchange.params['host'] ?? '');
  exchange.note.host = host;
  requireHost(writer, host);
  const retryAfterS = services.sealKeyRate.take(writer.name);
  if (retryAfterS !== undefined) {
    throw new Refusal('too-many', 'too many keys a minute', { retryAfterS });
  }
  const { requestTimeout: deadlineMs, stallTimeout: stallMs } = services.settings;
  const body = await readBody(exchange, { maxBytes: largestBody, deadlineMs, stallMs }, memory);
  try {
    exchange.note.bytes = body.bytes.length;
    const answer = await take(body.bytes, host, services);
    await confirmWriter(host, exchange, services);
    return await answer(exchange);
  } finally {
    body.release();
  }
}

/** The action, done once it is sure that the sender is still allowed. */
type Act = (exchange: Exchange) => Promise<Answer>;

async function take(bytes: Buffer, host: HostName, services: Services): Promise<Act> {
  const enrolment = await services.seals.enrolments.find(host);
  if (isSealed(bytes)) {
    const { key, signer } = await openKey(bytes, host, enrolment, services);
    return (exchange) => enrol({ key, signer }, host, [exchange, services]);
  }
  const key = await readKey(bytes);
  const known = enrolment?.keys.find(({ id }) => id === key.id);
  if (known !== undefined) {
    const fault = findKeyFault(known, services.clock.now());
    if (fault !== undefined) throw new Refusal('forbidden', fault.message, { cause: fault });
    return async () => noContent;
  }
  return (exchange) => wait(key, host, [exchange, services]);
}

/**
 * The drop must hold nothing but the key: output that a host seals may contain a key in a line of a
 * log, which must not enrol it.
 */
const keyAlone = /^\s*-----BEGIN ([A-Z ]+)-----[A-Za-z0-9+/=\s]+-----END \1-----\s*$/;

async function readKey(bytes: Buffer): Promise<PublicKey> {
  if (!keyAlone.test(bytes.toString('latin1'))) {
    throw new Refusal('malformed', 'the body is no public key in PEM');
  }
  return readPublicKey(bytes);
}

/** A key, and the one that its host sealed it with. */
interface VouchedKey {
  readonly key: PublicKey;
  readonly signer: HostKey;
}

/** A new key in a drop that is sealed with an enrolled one. */
async function openKey(
  bytes: Buffer,
  host: HostName,
  enrolment: LoadedEnrolment | undefined,
  { seals, clock, settings }: Services,
): Promise<VouchedKey> {
  if (enrolment === undefined) {
    throw new Refusal('forbidden', `${host} has no key enrolled that could vouch for another`);
  }
  const drop = verifyDrop(bytes, enrolment.keys);
  const fault = findKeyFault(drop.signer, clock.now());
  if (fault !== undefined) throw new Refusal('forbidden', fault.message, { cause: fault });
  const { header } = drop;
  if (header.host !== host) throw new Refusal('forbidden', `sealed for ${header.host}`);
  const produced = fromStamp(header.produced);
  const ageMs = clock.now() - produced.getTime();
  if (ageMs > longestMs || isFromFuture(produced, clock.now(), settings.maxSkew)) {
    throw new Refusal('forbidden', 'the drop with the new key is not of this hour');
  }
  const body = await openBody(drop, () => seals.siteKeys.all());
  const { contentEncoding } = header;
  const limit = { maxOutputBytes: largestKey };
  const pem =
    contentEncoding === 'identity' ? body : await decompress(body, contentEncoding, limit);
  return { key: await readKey(pem), signer: drop.signer };
}

/**
 * The new key has what the old one had, its length of life as well, and stands beside it until that
 * is revoked.
 */
async function enrol(
  { key: { id, der }, signer }: VouchedKey,
  host: HostName,
  [exchange, { sealPlaces, clock }]: readonly [Exchange, Services],
): Promise<Answer> {
  const { since, until } = signer;
  const key = {
    kind: 'key',
    id,
    der,
    label: signer.label,
    since: toDay(clock.now()),
    until: until && toDay(clock.now() + Date.parse(until) - Date.parse(since)),
    revoked: undefined,
    // What a person allowed one key nobody but a person allows another.
    piggyback: signer.piggyback,
  } as const;
  await changeEnrolment(sealPlaces, host, (before) => {
    if (before === undefined) {
      throw new Refusal('forbidden', `${host} is enrolled by a pattern, which no host may change`);
    }
    const isThere = before.keys.some((one) => one.id === id && one.revoked === undefined);
    if (isThere) return before;
    if (before.keys.some((one) => one.id === id)) {
      throw new Refusal('forbidden', `the key ${fingerprintOf(id)} was revoked`);
    }
    const vouched = `the key ${fingerprintOf(id)} is enrolled, by a drop of ${fingerprintOf(signer.id)}`;
    exchange.note.warning = vouched;
    return withKey(host, { key, optionalUntil: undefined })(before);
  });
  return noContent;
}

async function wait(
  { id, der }: PublicKey,
  host: HostName,
  [exchange, { state, clock }]: readonly [Exchange, Services],
): Promise<Answer> {
  const isKnown = (await state.sealKeys.of(host)) !== undefined;
  if (!isKnown && !(await state.sealKeys.makeRoom())) {
    throw new Refusal('overloaded', 'too many keys wait already', { retryAfterS: 3600 });
  }
  const waiting = await state.sealKeys.update(host, (before) => {
    if (before?.id === id) return before;
    return {
      host,
      id,
      der: der.toString('base64'),
      state: 'new',
      requestedBy: exchange.note.by ?? '',
      requestedAt: new Date(clock.now()).toISOString(),
      address: exchange.address,
    };
  });
  if (waiting?.state === 'denied') {
    throw new Refusal('forbidden', `the key ${fingerprintOf(id)} was denied`);
  }
  exchange.note.warning = `a key to seal with waits: cmk-courier seals allow ${host}`;
  const body = `the key ${fingerprintOf(id)} waits for cmk-courier seals allow ${host}\n`;
  return { status: 202, body, type: 'text/plain' };
}
