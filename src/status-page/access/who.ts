/** Who is asking: a session by its cookie, or a user by the word of the web server in front. */

import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Clock } from '../../clock.ts';
import { RateLimit } from '../../receiver/limits.ts';
import type { PageSettings } from '../options.ts';
import { PageRefusal } from '../web/refusal.ts';
import { isForwardedByTls } from '../web/request-checks.ts';
import type { Session, Sessions } from './sessions.ts';

export interface Visitor {
  readonly user: string;
  /** Undefined for one that the server in front knows. */
  readonly session: Session | undefined;
}

/** Tries to log in: a minute, of one address, and of all together. */
const triesOfOne = 10;
const triesOfAll = 120;

/** Answers a minute for one address that has not logged in: making a page costs a millisecond. */
const answersOfStranger = 120;

/** Longer is no token of ours. */
const longestSecret = 200;

export class Gate {
  readonly #settings: PageSettings;
  readonly #sessions: Sessions;
  readonly #cookie: string;
  readonly #ofOne: RateLimit;
  readonly #ofAll: RateLimit;
  readonly #strangers: RateLimit;

  constructor(settings: PageSettings, sessions: Sessions, clock: Clock) {
    this.#settings = settings;
    this.#sessions = sessions;
    // Browsers keep cookies by name of the server and not by port, and several pages may be there.
    const place = `${settings.directory} ${settings.part}`;
    const mark = createHash('sha256').update(place).digest('hex').slice(0, 12);
    this.#cookie = `cmk-courier-${mark}`;
    this.#ofOne = new RateLimit(triesOfOne, clock);
    this.#ofAll = new RateLimit(triesOfAll, clock);
    this.#strangers = new RateLimit(answersOfStranger, clock);
  }

  /** Undefined for somebody who has to log in first. */
  async identify(request: IncomingMessage): Promise<Visitor | undefined> {
    const { userHeader } = this.#settings;
    if (userHeader !== undefined)
      return { user: readUser(request, userHeader), session: undefined };
    const secret = readCookie(request, this.#cookie);
    if (secret === undefined || secret.length > longestSecret) return undefined;
    const session = await this.#sessions.find(secret);
    return session && { user: session.user, session };
  }

  /** @throws PageRefusal 429 when somebody who is not logged in asks too much */
  takeOfStranger(request: IncomingMessage): void {
    const waitS = this.#strangers.take(addressOf(request));
    if (waitS !== undefined) throw new PageRefusal(429, `too much at once; wait ${waitS} seconds`);
  }

  /** Counts a refusal; whether there have been too many from there. */
  isCrowded(request: IncomingMessage): boolean {
    return this.#strangers.take(addressOf(request)) !== undefined;
  }

  /** @throws PageRefusal 403 for a wrong token, 429 after too many */
  async logIn(token: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#settings.userHeader !== undefined) {
      throw new PageRefusal(403, 'the web server in front decides who is logged in');
    }
    const waitS = this.#ofOne.take(addressOf(request)) ?? this.#ofAll.take('all');
    if (waitS !== undefined) {
      response.setHeader('retry-after', waitS);
      throw new PageRefusal(429, `too many attempts to log in; wait ${waitS} seconds`);
    }
    const begun = token.length > longestSecret ? undefined : await this.#sessions.begin(token);
    if (begun === undefined) throw new PageRefusal(403, 'nobody has this token');
    this.#setCookie(request, response, [begun.secret, this.#settings.sessionMs / 1000]);
  }

  async logOut(
    visitor: Visitor,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (visitor.session !== undefined) await this.#sessions.end(visitor.session);
    this.#setCookie(request, response, ['', 0]);
  }

  /** Whether a stream of this visitor may go on. */
  async isStillIn({ session }: Visitor): Promise<boolean> {
    return session === undefined || (await this.#sessions.isStillGood(session));
  }

  #setCookie(
    request: IncomingMessage,
    response: ServerResponse,
    [secret, lastsS]: readonly [secret: string, lastsS: number],
  ): void {
    const { at, basePath } = this.#settings;
    const isProxied = at?.kind === 'unix';
    const isSafe = request.socket instanceof TLSSocket || (isProxied && isForwardedByTls(request));
    const parts = [
      `${this.#cookie}=${secret}`,
      `Path=${basePath}`,
      `Max-Age=${Math.floor(lastsS)}`,
      'HttpOnly',
      'SameSite=Strict',
      ...(isSafe ? ['Secure'] : []),
    ];
    response.setHeader('set-cookie', parts.join('; '));
  }
}

function addressOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? 'proxy';
}

/** @throws PageRefusal 403 when the server in front has let somebody through without a name */
function readUser(request: IncomingMessage, header: string): string {
  // Where it stands twice, one of them may be the browser's own.
  const said = request.headersDistinct[header] ?? [];
  const [user = ''] = said;
  if (said.length === 1 && /^[\w][\w.@\\-]{0,127}$/.test(user)) return user;
  throw new PageRefusal(403, 'the web server in front does not say who you are');
}

function readCookie(
  { headers: { cookie = '' } }: IncomingMessage,
  name: string,
): string | undefined {
  for (const pair of cookie.split(';')) {
    const [key = '', value = ''] = pair.trim().split('=', 2);
    if (key === name) return value;
  }
  return undefined;
}
