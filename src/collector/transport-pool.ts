/** Open transports that many fetches share, so that connections are used again. */

import type { Clock } from '../clock.ts';
import { CourierError, faults } from '../faults/errors.ts';
import type { Logger } from '../logging/log.ts';
import { untilAborted } from '../system/until-aborted.ts';
import { type Source, showUri } from '../transports/source.ts';
import {
  type LendTransport,
  type OpenContext,
  type Transport,
  type TransportModule,
  withTransport,
} from '../transports/transport.ts';

/**
 * The longest time a transport stays open: files with secrets and certificates are read when it is
 * opened.
 */
const longestLifeMs = 600_000;

/** A transport that was not used for so long is closed, and its connections with it. */
const longestIdleMs = 90_000;

/**
 * A transport that was refused is opened again, in case a secret has changed, but no sooner than
 * this: one host's refusal (403) must not close the connections of all others.
 */
const reopenAfterMs = 60_000;

/** An open transport, or one that is being opened. */
interface Member {
  readonly key: string;
  readonly transport: Promise<Transport>;
  readonly openedAtMs: number;
  /** Ends the loan of withTransport that keeps it open. */
  readonly end: () => void;
  readonly ended: Promise<void>;
  users: number;
  idleSinceMs: number;
}

export class TransportPool {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #closing = new AbortController();
  readonly #members = new Map<string, Set<Member>>();
  /** A number for each module: sources with the same URI may belong to several modules. */
  readonly #numbers = new Map<TransportModule, number>();

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  /** As {@link withTransport}, but with one that may have served others and will again. */
  readonly lend: LendTransport = async (module, source, context, use) => {
    const member = this.#take(module, source, context);
    member.users += 1;
    let isGood = false;
    try {
      const transport = await untilAborted(member.transport, context.signal);
      isGood = true;
      return await use(transport);
    } catch (error) {
      if (error instanceof CourierError && faults[error.code].reopen) {
        isGood &&= this.#clock.monotonic() - member.openedAtMs < reopenAfterMs;
      }
      throw error;
    } finally {
      member.users -= 1;
      member.idleSinceMs = this.#clock.monotonic();
      if (!isGood) this.#dismiss(member);
      else this.#endIfUnused(member);
    }
  };

  /** Closes transports that were idle for so long, and those that are old. */
  tidy(idleMs = longestIdleMs): void {
    for (const members of this.#members.values()) {
      for (const member of members) {
        if (this.#isOver(member, idleMs)) this.#dismiss(member);
      }
    }
  }

  /** Closes all transports, those in use included. May be called twice; never rejects. */
  async close(): Promise<void> {
    this.#closing.abort(new CourierError('INTERRUPTED', 'the collector ends'));
    const members = [...this.#members.values()].flatMap((set) => [...set]);
    for (const member of members) member.end();
    this.#members.clear();
    await Promise.all(members.map(({ ended }) => ended));
  }

  #take(module: TransportModule, source: Source, context: OpenContext): Member {
    const key = this.#keyOf(module, source, context);
    for (const member of this.#members.get(key) ?? []) {
      if (this.#isOver(member)) this.#dismiss(member);
      else if (member.users < module.traits.concurrency) return member;
    }
    const member = this.#open(key, module, source, context);
    this.#members.set(key, (this.#members.get(key) ?? new Set()).add(member));
    return member;
  }

  /** The loan of withTransport lasts until `end` is called. */
  #open(key: string, module: TransportModule, source: Source, context: OpenContext): Member {
    const opened = Promise.withResolvers<Transport>();
    const over = Promise.withResolvers<void>();
    // The log it came with speaks of one host.
    const log = this.#log.child({ source: showUri(source.uri.text) });
    const ownContext = { ...context, log, signal: this.#closing.signal };
    const ended = withTransport(module, source, ownContext, (transport) => {
      opened.resolve(transport);
      return over.promise;
    }).catch((error: unknown) => opened.reject(error));
    const nowMs = this.#clock.monotonic();
    return {
      key,
      transport: opened.promise,
      openedAtMs: nowMs,
      end: over.resolve,
      ended,
      users: 0,
      idleSinceMs: nowMs,
    };
  }

  #isOver({ users, openedAtMs, idleSinceMs }: Member, idleMs = longestIdleMs): boolean {
    const nowMs = this.#clock.monotonic();
    return nowMs - openedAtMs >= longestLifeMs || (users === 0 && nowMs - idleSinceMs >= idleMs);
  }

  /** Gets no new users; ends when the last one has gone. */
  #dismiss(member: Member): void {
    const members = this.#members.get(member.key);
    members?.delete(member);
    if (members?.size === 0) this.#members.delete(member.key);
    this.#endIfUnused(member);
  }

  #endIfUnused(member: Member): void {
    const isDismissed = !this.#members.get(member.key)?.has(member);
    if (isDismissed && member.users === 0) member.end();
  }

  #keyOf(
    module: TransportModule,
    { uri, options }: Source,
    { maxOutputBytes, acceptsBy }: OpenContext,
  ): string {
    const number = this.#numbers.get(module) ?? this.#numbers.size;
    this.#numbers.set(module, number);
    return JSON.stringify([number, uri.text, options, maxOutputBytes, acceptsBy]);
  }
}
