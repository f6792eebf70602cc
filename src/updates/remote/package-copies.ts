/** Packages on their way through a remote site: fetched once, kept by digest, handed out often. */

import type { Logger } from '../../logging/log.ts';
import { Turns } from '../../system/turns.ts';
import { mostPackageBytes } from '../documents/target.ts';
import { sha256Of } from '../repository/by-digest.ts';
import type { Centre, CentreAnswer, CentreCall } from './centre.ts';
import { DigestCache } from './digest-cache.ts';

/** In memory, each of them: a package is verified before any of it is handed on. */
const mostFetches = 2;
/** What a connection of 20 kB/s needs for the largest there may be. */
const deadlineMs = 3_600_000;

/** What the centre says to a host that asks for a package. */
export type Asked =
  /** It may have it, and it is kept here: just fetched, or before. */
  | { readonly outcome: 'fetched' | 'kept' }
  /** It may have it, and it is not to be kept. */
  | { readonly outcome: 'passing'; readonly bytes: Buffer }
  /** The bytes were others than were asked for. */
  | { readonly outcome: 'wrong' }
  | { readonly outcome: 'answer'; readonly answer: CentreAnswer };

export class PackageCopies {
  readonly cache: DigestCache;
  readonly #centre: Centre;
  readonly #turns = new Turns(mostFetches);
  /** By digest, while it is being fetched. */
  readonly #fetching = new Map<string, Promise<Asked>>();

  private constructor(cache: DigestCache, centre: Centre) {
    this.cache = cache;
    this.#centre = centre;
  }

  /** @throws CourierError CONFIG; LOCAL */
  static async open(
    { directory, mostBytes }: { readonly directory: string; readonly mostBytes: number },
    centre: Centre,
    log: Logger,
  ): Promise<PackageCopies> {
    return new PackageCopies(await DigestCache.open(directory, mostBytes, log), centre);
  }

  /**
   * Asks the centre with the request of a host whether it may have a package, and fetches it with
   * the same request unless it is here. Whoever asks while it is being fetched waits for that.
   *
   * @throws CourierError when the centre does not answer
   */
  async ask(digest: string, call: Pick<CentreCall, 'form' | 'headers'>): Promise<Asked> {
    for (;;) {
      const running = this.#fetching.get(digest);
      if (running === undefined) break;
      await running.catch(() => undefined);
    }
    if ((await this.cache.find(digest)) !== undefined) return this.#ask(digest, call, true);
    // Somebody else may have begun while we looked.
    if (this.#fetching.has(digest)) return this.ask(digest, call);
    const fetched = this.#turns
      .take(() => this.#ask(digest, call, false))
      .finally(() => this.#fetching.delete(digest));
    this.#fetching.set(digest, fetched);
    return fetched;
  }

  async #ask(
    digest: string,
    { form, headers }: Pick<CentreCall, 'form' | 'headers'>,
    isHere: boolean,
  ): Promise<Asked> {
    const answer = await this.#centre.ask({
      path: `/v1/package/${digest}`,
      ...(form === undefined ? {} : { form }),
      headers: { ...headers, ...(isHere ? { 'courier-have': digest } : {}) },
      ...{ mostBytes: mostPackageBytes, deadlineMs },
    });
    if (answer.status === 204 && isHere) return { outcome: 'kept' };
    if (answer.status !== 200) return { outcome: 'answer', answer };
    if (sha256Of(answer.body) !== digest) return { outcome: 'wrong' };
    const mustPass = /\bno-store\b/.test(answer.headers.get('cache-control') ?? '');
    if (mustPass) return { outcome: 'passing', bytes: answer.body };
    if (isHere) return { outcome: 'kept' };
    await this.cache.keep(digest, answer.body);
    return { outcome: 'fetched' };
  }
}
