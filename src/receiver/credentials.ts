/** The Authorization header → a user or a token of ours. */

import { createHmac, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import { hashPassword, hashToken, idsOfToken, isFastHash, isPassword, isToken } from './hashing.ts';
import { Gate, RateLimit } from './limits.ts';
import { Refusal } from './refusal.ts';
import type { Access, Accesses } from './state/accesses.ts';

type Kind = Access['kind'];

interface Given {
  readonly kind: Kind;
  /** The user's name, or the id in the token. */
  readonly name: string;
  readonly secret: string;
}

/** Successes remembered, so that not every output costs a slow hash. */
const mostRemembered = 20_000;
/** How many slow hashes of one address may wait; only a flood has more than its connections. */
const longestQueue = 256;
/** How many identities of one address may fail, each within its own limit. */
const identitiesOfAddress = 10;
/**
 * The pause before each slow hash for a sender over the limit, so that such hashes take a small
 * part of a processor.
 */
const pauseMs = 100;

/**
 * Checks users and tokens. Right credentials are always accepted: limits count failures, by address
 * and identity, and only change the answer to a failure and its delay.
 */
export class Credentials {
  readonly #accesses: Accesses;
  readonly #clock: Clock;
  readonly #failures: RateLimit;
  readonly #failuresOfAddress: RateLimit;
  /** Addresses take turns; those over the limit have a gate of their own. */
  readonly #hashing = new Gate(2, longestQueue);
  readonly #slowly = new Gate(1, longestQueue);
  readonly #remembered = new Map<string, Access>();
  /** Slow checks under way; equal requests at the same time share one. */
  readonly #underWay = new Map<string, Promise<boolean>>();
  readonly #memoryKey = randomBytes(32);
  /** What an unknown name is compared with, so that it takes as long as a known one. */
  readonly #nobody: Promise<string>;

  constructor(accesses: Accesses, failuresPerMinute: number, clock: Clock) {
    this.#accesses = accesses;
    this.#clock = clock;
    this.#failures = new RateLimit(failuresPerMinute, clock);
    this.#failuresOfAddress = new RateLimit(failuresPerMinute * identitiesOfAddress, clock);
    this.#nobody = hashPassword(randomBytes(16).toString('hex'));
    this.#nobody.catch(() => undefined);
  }

  /**
   * @param kinds what is accepted here
   * @throws Refusal 401; 429 for a failure after too many of this address and name
   */
  async authenticate(
    header: string | undefined,
    address: string,
    kinds: readonly Kind[],
  ): Promise<Access> {
    const given = parseAuthorization(header);
    if (given === undefined) {
      throw new Refusal('unauthenticated', 'credentials are missing or ill-formed');
    }
    const access = await this.#find(given);
    const isRight = await this.#isRight(given, access, address);
    if (!isRight || access === undefined || !kinds.includes(access.kind)) {
      throw this.#failed(given, address);
    }
    if (this.#hasExpired(access)) throw this.#failed(given, address, access.expiresAt);
    return access;
  }

  #find({ kind, name, secret }: Given): Promise<Access | undefined> {
    return kind === 'user' ? this.#accesses.user(name) : this.#accesses.token(secret);
  }

  /** Takes the same time whether or not there is a user of that name. */
  async #isRight(given: Given, access: Access | undefined, address: string): Promise<boolean> {
    if (given.kind !== 'user') {
      // Tokens cannot be guessed, so the time may reveal whether one exists.
      if (access === undefined) return false;
      if (isFastHash(access.hash)) return isToken(given.secret, access.hash);
    }
    const memory = this.#memoryOf(given, access);
    // The record is the same object as long as its file is unchanged.
    if (access !== undefined && this.#remembered.get(memory) === access) return true;
    const isOver = this.#isOver(given, address);
    // Only a sender that is over the limit itself waits in the queue of such senders.
    const shared = isOver ? `${memory} ${address}` : memory;
    const underWay = this.#underWay.get(shared);
    if (underWay !== undefined) return underWay;
    const check = this.#checkSlowly(given, access, { address, isOver });
    this.#underWay.set(shared, check);
    try {
      const isRight = await check;
      if (isRight && access !== undefined) await this.#keep(memory, given, access);
      return isRight;
    } finally {
      this.#underWay.delete(shared);
    }
  }

  #isOver(given: Given, address: string): boolean {
    return (
      this.#failures.peek(pairOf(given, address)) !== undefined ||
      this.#failuresOfAddress.peek(address) !== undefined
    );
  }

  async #checkSlowly(
    given: Given,
    access: Access | undefined,
    { address, isOver }: { readonly address: string; readonly isOver: boolean },
  ): Promise<boolean> {
    const hash = access?.hash ?? (await this.#nobody);
    const check = () => isPassword(given.secret, hash);
    // The record of this very token exists, from a version without fast hashes: nobody is guessing.
    if (given.kind !== 'user' && access !== undefined) return this.#hashing.run(check, access.id);
    if (!isOver) return this.#hashing.run(check, address);
    return this.#slowly.run(
      async () => {
        await sleep(pauseMs);
        return check();
      },
      pairOf(given, address),
    );
  }

  #failed(given: Given, address: string, expiresAt?: string | null): Refusal {
    this.#failuresOfAddress.take(address);
    const waitS = this.#failures.take(pairOf(given, address));
    const why =
      expiresAt == null
        ? 'these credentials are not accepted'
        : `these credentials have expired: they were good until ${expiresAt}`;
    if (waitS === undefined) return new Refusal('unauthenticated', why);
    const message = `${why}; there were too many failed attempts, come again in ${waitS}s`;
    return new Refusal('too-many', message, { retryAfterS: waitS });
  }

  #hasExpired({ expiresAt }: Access): boolean {
    return expiresAt !== null && !(this.#clock.now() < Date.parse(expiresAt));
  }

  #memoryOf(given: Given, access: Access | undefined): string {
    // The hash is included, so that an answer for one record does not hold for its successor.
    const text = JSON.stringify([given, access?.hash]);
    return createHmac('sha256', this.#memoryKey).update(text).digest('hex');
  }

  /**
   * Remembers a password; gives a fast hash to a token that has a slow one from an older version.
   */
  async #keep(memory: string, { kind, secret }: Given, access: Access): Promise<void> {
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size >= mostRemembered && oldest !== undefined) {
      this.#remembered.delete(oldest);
    }
    this.#remembered.set(memory, access);
    // When it cannot be written, the old hash stays good.
    if (kind !== 'user')
      await this.#accesses.rehash(access, hashToken(secret)).catch(() => undefined);
  }
}

/** The key under which failures are counted; long names are cut to bound its memory. */
function pairOf({ kind, name }: Given, address: string): string {
  return `${address} ${kind} ${name.slice(0, 100)}`;
}

/** `Basic` (RFC 7617, UTF-8), `Bearer` (RFC 6750) and `CMK-TOKEN` (agent-receiver.md#requests). */
function parseAuthorization(header: string | undefined): Given | undefined {
  const [, scheme = '', value = ''] = /^([A-Za-z-]+) +(\S+)$/.exec(header ?? '') ?? [];
  if (scheme.toLowerCase() === 'basic') return parseBasic(value);
  const kind = { bearer: 'upload', 'cmk-token': 'registration' } as const;
  const name = scheme.toLowerCase();
  if (name !== 'bearer' && name !== 'cmk-token') return undefined;
  // A token without an id counts together with all others of its address.
  return { kind: kind[name], name: idsOfToken(value).inside ?? '', secret: value };
}

/** The password may hold colons, the name cannot. */
function parseBasic(value: string): Given | undefined {
  const text = Buffer.from(value, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) return undefined;
  return { kind: 'user', name: text.slice(0, colon), secret: text.slice(colon + 1) };
}
