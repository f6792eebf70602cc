/**
 * A session of the server: begun with a login, used again by later runs, begun anew when the server
 * no longer knows it. No logout: a server has room for some hundred sessions only and ends idle ones
 * by itself, so one that is used again costs the least.
 */

import { CourierError, quote } from '../../faults/errors.ts';
import { Secret } from '../../secrets/secrets.ts';
import type { XmlElement } from '../xml/element.ts';
import { textElement, type Xml } from '../xml/write-element.ts';
import { isSoapFault, type SoapFault } from './soap/answer.ts';
import type { ManagedObject } from './soap/managed-object.ts';
import { readSessionCookie } from './soap/session-cookie.ts';
import { resultOf, type SoapCall, type SoapClient } from './soap/soap-client.ts';

/** Where a session is kept between two runs. */
export interface SessionStore {
  /** The cookie, `name=value`; undefined where there is none, or none that is young enough. */
  read(): Promise<string | undefined>;
  write(cookie: string): Promise<void>;
  forget(): Promise<void>;
}

export interface Login {
  readonly user: string;
  readonly password: Secret;
}

export class Session {
  readonly #client: SoapClient;
  readonly #manager: ManagedObject;
  readonly #login: Login;
  readonly #store: SessionStore;
  #cookie: Secret | undefined;
  #renewal: Promise<void> | undefined;
  #isNew = false;

  private constructor(
    client: SoapClient,
    manager: ManagedObject,
    login: Login,
    store: SessionStore,
  ) {
    this.#client = client;
    this.#manager = manager;
    this.#login = login;
    this.#store = store;
  }

  /**
   * Takes up the session of an earlier run, or logs in.
   *
   * @param manager the server's SessionManager
   * @throws CourierError REFUSED, where the server does not take user and password
   */
  static async open(
    client: SoapClient,
    { manager, login, store }: { manager: ManagedObject; login: Login; store: SessionStore },
    signal: AbortSignal,
  ): Promise<Session> {
    const session = new Session(client, manager, login, store);
    const kept = await store.read();
    if (kept === undefined) await session.#begin(signal);
    else session.#cookie = new Secret(kept);
    return session;
  }

  /** Whether it was begun in this run. */
  get isNew(): boolean {
    return this.#isNew;
  }

  /**
   * Does something within the session; once more within a new one where the server no longer knew
   * the session. What is done twice must lead to the same as what is done once.
   *
   * @param act resolves with `lost` where the server answered as it does without a session
   */
  async within<T>(act: (ask: Ask) => Promise<T | typeof lost>, signal: AbortSignal): Promise<T> {
    await this.#renewal;
    const cookie = this.#cookie;
    const first = await act(this.#asker(signal));
    if (first !== lost) return first;
    // Another may have found it lost as well, and have begun anew already.
    if (this.#cookie === cookie || this.#renewal !== undefined) await this.renew(signal);
    const second = await act(this.#asker(signal));
    if (second !== lost) return second;
    throw new CourierError(
      'REFUSED',
      `${this.#client.shownPlace}: the server forgets its session at once`,
    );
  }

  #asker(signal: AbortSignal): Ask {
    return async (call, what) => {
      const answer = await this.#client.call({ ...call, cookie: this.#cookie?.reveal() }, signal);
      const { result } = answer;
      if (isSoapFault(result) && result.kind === 'NotAuthenticated') return lost;
      return resultOf(answer, what);
    };
  }

  /**
   * Begins a session in the place of the one there was; several that ask for it wait for one login.
   *
   * @throws CourierError REFUSED, where the server does not take user and password
   */
  renew(signal: AbortSignal): Promise<void> {
    this.#renewal ??= this.#begin(signal).finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #begin(signal: AbortSignal): Promise<void> {
    await this.#store.forget();
    // A login within a session that lives is refused as if the password were wrong.
    this.#cookie = undefined;
    const { user, password } = this.#login;
    const parameters: readonly Xml[] = [
      textElement('userName', user),
      textElement('password', password.reveal()),
    ];
    const answer = await this.#client.call(
      { method: 'Login', on: this.#manager, parameters },
      signal,
    );
    const { result } = answer;
    if (isSoapFault(result)) throw this.#refused(result);
    const cookie = readSessionCookie(answer.headers.get('set-cookie') ?? '');
    if (cookie === undefined) {
      const why = 'the server took the login and gave no session (no cookie that can be sent back)';
      throw new CourierError('PEER', `${this.#client.shownPlace}: ${why}`);
    }
    this.#cookie = new Secret(cookie);
    this.#isNew = true;
    await this.#store.write(cookie);
  }

  #refused({ kind, said }: SoapFault): CourierError {
    const who = quote(this.#login.user);
    const why =
      kind === 'InvalidLogin'
        ? 'user or password is wrong'
        : `${quote(kind)}, saying ${quote(said)}`;
    return new CourierError('REFUSED', `${this.#client.shownPlace}: login of ${who}: ${why}`);
  }
}

/** Says that the server answered as it does without a session. */
export const lost = Symbol('the session is lost');

/** A call within the session; `what` stands in front of a fault. */
export type Ask = (
  call: Omit<SoapCall, 'cookie'>,
  what: string,
) => Promise<XmlElement | typeof lost>;
