/** How much hosts may ask (agent-updates.md#limits). */

import type { Clock } from '../../clock.ts';
import { Budget, networkOf, RateLimit, Slots } from '../../receiver/limits.ts';
import { Refusal } from '../../receiver/refusal.ts';
import { mostFormBytes } from './forms.ts';

const failuresOfAddress = 60;
const failuresOfHost = 20;
const requestsOfHost = 60;
const packagesOfHost = 6;
const packagesAtOnce = 256;
const packagesAtOnceOfHost = 2;
const rootsOfAddress = 600;
const formsAtOnce = 1024;

/**
 * Failures are counted and change the answer to a failure only: nobody keeps a host out by failing
 * in its name, or behind its address.
 */
export class UpdateLimits {
  /** Memory of all forms together. */
  readonly memory = new Budget(formsAtOnce * mostFormBytes);
  readonly #failuresOfAddress: RateLimit;
  readonly #failuresOfHost: RateLimit;
  readonly #requests: RateLimit;
  readonly #packages: RateLimit;
  readonly #roots: RateLimit;
  readonly #slots = new Slots(packagesAtOnce, packagesAtOnceOfHost);

  constructor(clock: Clock) {
    this.#failuresOfAddress = new RateLimit(failuresOfAddress, clock);
    this.#failuresOfHost = new RateLimit(failuresOfHost, clock);
    this.#requests = new RateLimit(requestsOfHost, clock);
    this.#packages = new RateLimit(packagesOfHost, clock);
    this.#roots = new RateLimit(rootsOfAddress, clock);
  }

  /** What somebody gets who has not shown to be the host. */
  failed(address: string, host: string): Refusal {
    const retryAfterS =
      this.#failuresOfAddress.take(networkOf(address)) ?? this.#failuresOfHost.take(host);
    if (retryAfterS === undefined) return notAllowed();
    return new Refusal('too-many', 'too many failed requests', { retryAfterS });
  }

  /** @throws Refusal 429 */
  countRequest(host: string): void {
    requireRoom(this.#requests.take(host), 'too many requests of this host');
  }

  /** @throws Refusal 429 */
  countRoot(address: string): void {
    requireRoom(this.#roots.take(address), 'too many requests of this address');
  }

  /**
   * @returns what ends the delivery
   * @throws Refusal 429; 503 when all together have too many under way
   */
  takePackage(host: string): () => void {
    requireRoom(this.#packages.take(host), 'too many packages for this host');
    return this.#slots.take(host);
  }
}

/** The one answer to whoever is not known, has the wrong secret, or wants what is not for him. */
export function notAllowed(): Refusal {
  return new Refusal('forbidden', 'not allowed');
}

function requireRoom(retryAfterS: number | undefined, why: string): void {
  if (retryAfterS !== undefined) throw new Refusal('too-many', why, { retryAfterS });
}
