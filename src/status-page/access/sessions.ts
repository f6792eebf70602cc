/**
 * Who has logged in. Kept in a file as digests, so that a browser stays logged in when the server is
 * started again; a session ends after a fixed time, at the logout, and when its token is taken away.
 */

import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../clock.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import type { Logger } from '../../logging/log.ts';
import { readTextFileIfThere, replaceFile } from '../../system/durable-files.ts';
import { makeOwnDirectory } from '../../system/private-directory.ts';
import { requireTrusted } from '../../system/trusted-path.ts';
import { digestOf, isSameDigest, makeSecret, TokenFile } from './tokens.ts';

const session = z.strictObject({
  /** Of what the cookie holds. */
  digest: z.string(),
  user: z.string(),
  /** Digest of the token it was begun with. */
  token: z.string(),
  /** Milliseconds since 1970. */
  endsAtMs: z.number(),
});
export type Session = z.infer<typeof session>;

/** The oldest make room for new ones. */
const mostSessions = 500;
/** How long a token that was taken away may still be believed. */
const tokensFreshMs = 1000;

interface Settings {
  readonly directory: string;
  /** Two processes that serve a page keep files of their own. */
  readonly part: string;
  readonly lastsMs: number;
}

export class Sessions {
  readonly #settings: Settings;
  readonly #path: string;
  readonly #tokens: TokenFile;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #sessions = new Map<string, Session>();
  #digests: ReadonlySet<string> = new Set();
  #digestsAtMs = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> = Promise.resolve();
  #told: string | undefined;

  constructor(settings: Settings, clock: Clock, log: Logger) {
    this.#settings = settings;
    this.#path = join(settings.directory, `sessions-${settings.part}.json`);
    this.#tokens = new TokenFile(settings.directory);
    this.#clock = clock;
    this.#log = log;
  }

  /** Never rejects: without the file everybody logs in anew. */
  async open(): Promise<void> {
    try {
      await makeOwnDirectory(dirname(this.#path), 'sessions of the status page');
      await requireTrusted(this.#path);
      const text = await readTextFileIfThere(this.#path);
      const kept = text === '' ? [] : z.array(session).parse(JSON.parse(text));
      for (const one of kept.slice(-mostSessions)) this.#sessions.set(one.digest, one);
    } catch (thrown) {
      this.#tell(asCourierError(thrown, `reading ${this.#path}`).message);
    }
  }

  /**
   * Exchanges a token for the secret of a new session.
   *
   * @returns undefined when nobody has that token
   */
  async begin(
    token: string,
  ): Promise<{ readonly secret: string; readonly session: Session } | undefined> {
    const given = digestOf(token);
    const entries = await this.#tokens.read();
    // All are compared, so that the time says nothing about where in the file one stands.
    const fitting = entries.filter(({ digest }) => isSameDigest(digest, given));
    const [entry] = fitting;
    if (entry === undefined) return undefined;
    this.#digestsAtMs = Number.NEGATIVE_INFINITY;
    const secret = makeSecret();
    const nowMs = this.#clock.now();
    const begun = {
      ...{ digest: digestOf(secret), user: entry.name, token: entry.digest },
      endsAtMs: nowMs + this.#settings.lastsMs,
    };
    this.#sessions.set(begun.digest, begun);
    this.#prune();
    await this.#write();
    return { secret, session: begun };
  }

  /** Undefined for one that is unknown or has ended. */
  async find(secret: string): Promise<Session | undefined> {
    await this.#readTokens();
    const found = this.#sessions.get(digestOf(secret));
    return found !== undefined && this.#isValid(found) ? found : undefined;
  }

  async end({ digest }: Session): Promise<void> {
    if (this.#sessions.delete(digest)) await this.#write();
  }

  /** For streams, which are asked again and again whether they may go on. Never rejects. */
  async isStillGood(session: Session): Promise<boolean> {
    await this.#readTokens();
    return this.#isValid(session);
  }

  #isValid({ digest, token, endsAtMs }: Session): boolean {
    const isKept = this.#sessions.has(digest) && this.#digests.has(token);
    return isKept && endsAtMs > this.#clock.now();
  }

  async #readTokens(): Promise<void> {
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#digestsAtMs < tokensFreshMs) return;
    try {
      const entries = await this.#tokens.read();
      this.#digests = new Set(entries.map(({ digest }) => digest));
      this.#told = undefined;
    } catch (thrown) {
      // Whoever may have changed the file is not believed, and neither is anybody else then.
      this.#digests = new Set();
      this.#tell(asCourierError(thrown, 'reading who may log in').message);
    }
    this.#digestsAtMs = nowMs;
  }

  #prune(): void {
    const nowMs = this.#clock.now();
    for (const { digest, endsAtMs } of this.#sessions.values()) {
      if (endsAtMs <= nowMs || this.#sessions.size > mostSessions) this.#sessions.delete(digest);
    }
  }

  #write(): Promise<void> {
    this.#writing = this.#writing
      .then(() => replaceFile(this.#path, JSON.stringify([...this.#sessions.values()])))
      .catch((thrown: unknown) => {
        this.#tell(asCourierError(thrown, `writing ${this.#path}`).message);
      });
    return this.#writing;
  }

  #tell(message: string): void {
    if (this.#told !== message) this.#log.warn({}, `status page: ${message}`);
    this.#told = message;
  }
}
