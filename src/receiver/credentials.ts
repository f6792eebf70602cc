/** The Authorization header → a user or a token of ours. */

import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { hashSecret, isSecret } from './hashing.ts';
import { Gate, RateLimit } from './limits.ts';
import { Refusal } from './refusal.ts';
import type { Access, Accesses } from './state/accesses.ts';

type Kind = Access['kind'];

interface Given {
  readonly kind: Kind;
  /** Whose failures are counted, besides the address's. */
  readonly name: string;
  readonly secret: string;
}

/** Successes remembered, so that not every output costs a slow hash. */
const mostRemembered = 20_000;

/** Checks users and tokens; failures are slow, counted and all alike. */
export class Credentials {
  readonly #accesses: Accesses;
  readonly #clock: Clock;
  readonly #failures: RateLimit;
  readonly #hashing = new Gate(2, 64);
  readonly #remembered = new Map<string, Access>();
  readonly #memoryKey = randomBytes(32);
  /** What an unknown name is compared with, so that it takes as long as a known one. */
  readonly #nobody: Promise<string>;

  constructor(accesses: Accesses, failuresPerMinute: number, clock: Clock) {
    this.#accesses = accesses;
    this.#clock = clock;
    this.#failures = new RateLimit(failuresPerMinute, clock);
    this.#nobody = hashSecret(randomBytes(16).toString('hex'));
    this.#nobody.catch(() => undefined);
  }

  /**
   * @param kinds what is accepted here
   * @throws Refusal 401; 429 after too many failures of this address or name
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
    const memory = createHmac('sha256', this.#memoryKey)
      .update(JSON.stringify(given))
      .digest('hex');
    // The record is the same object as long as its file is unchanged.
    const isKnown = access !== undefined && this.#remembered.get(memory) === access;
    if (!isKnown) await this.#prove(given, access, address);
    if (access === undefined || !kinds.includes(access.kind) || this.#hasExpired(access)) {
      throw this.#failed(given, address);
    }
    if (!isKnown) this.#remember(memory, access);
    return access;
  }

  #find({ kind, name, secret }: Given): Promise<Access | undefined> {
    return kind === 'user' ? this.#accesses.user(name) : this.#accesses.token(secret);
  }

  async #prove(given: Given, access: Access | undefined, address: string): Promise<void> {
    const waitS = Math.max(
      ...[address, `name ${given.name}`].map((key) => this.#failures.peek(key) ?? 0),
    );
    if (waitS > 0) {
      throw new Refusal('too-many', 'too many failed attempts', { retryAfterS: waitS });
    }
    const hash = access?.hash ?? (await this.#nobody);
    const isRight = await this.#hashing.run(() => isSecret(given.secret, hash));
    if (!isRight || access === undefined) throw this.#failed(given, address);
  }

  #failed({ name }: Given, address: string): Refusal {
    this.#failures.take(address);
    if (name !== '') this.#failures.take(`name ${name}`);
    return new Refusal('unauthenticated', 'these credentials are not accepted');
  }

  #hasExpired({ expiresAt }: Access): boolean {
    return expiresAt !== null && !(this.#clock.now() < Date.parse(expiresAt));
  }

  #remember(memory: string, access: Access): void {
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size >= mostRemembered && oldest !== undefined) {
      this.#remembered.delete(oldest);
    }
    this.#remembered.set(memory, access);
  }
}

/** `Basic` (RFC 7617, UTF-8), `Bearer` and `CMK-TOKEN` (agent-receiver.md#requests). */
function parseAuthorization(header: string | undefined): Given | undefined {
  const [, scheme = '', value = ''] = /^([A-Za-z-]+) +(\S+)$/.exec(header ?? '') ?? [];
  if (scheme.toLowerCase() === 'basic') return parseBasic(value);
  if (scheme.toLowerCase() === 'bearer') return { kind: 'upload', name: '', secret: value };
  if (scheme.toUpperCase() === 'CMK-TOKEN')
    return { kind: 'registration', name: '', secret: value };
  return undefined;
}

/** The password may hold colons, the name cannot. */
function parseBasic(value: string): Given | undefined {
  const text = Buffer.from(value, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) return undefined;
  return { kind: 'user', name: text.slice(0, colon), secret: text.slice(colon + 1) };
}
