/**
 * Sources to which others push, such as a broker: they are followed besides being asked, so that what
 * arrives is ready at once. An arrival takes the place of what the source would answer in the cycle
 * of its host, which runs then and does everything else as always.
 */

import type { Clock } from '../clock.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { Logger } from '../logging/log.ts';
import { counter, gauge, type Metric } from '../metrics/metric.ts';
import type { HostName } from '../names/host-name.ts';
import type { Route } from '../routes/route.ts';
import { type Source, showUri } from '../transports/source.ts';
import {
  type LendTransport,
  type OpenContext,
  type Transport,
  type TransportModule,
  withTransport,
} from '../transports/transport.ts';
import type { Entry } from './entry.ts';
import type { Outlet } from './outlets.ts';
import type { Roster } from './roster.ts';
import type { CollectorStatus } from './status-shape.ts';
import { Subscription } from './subscription.ts';

export interface SubscriptionSettings {
  readonly roster: Roster;
  /** With what is known of silent peers, and without. */
  readonly lend: LendTransport;
  readonly lendAnyway: LendTransport;
  /** Runs the cycle of a host as soon as there is a place; false when it is not ours to ask. */
  readonly urge: (entry: Entry) => boolean;
  readonly isOurs: (entry: Entry) => boolean;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends all. */
  readonly signal: AbortSignal;
}

/** A source that is followed, and what ends it. */
interface Followed {
  readonly uri: string;
  readonly subscription: Subscription;
  readonly ended: AbortController;
  readonly done: Promise<void>;
}

/** What is to be opened for it. */
interface Opened {
  readonly module: TransportModule;
  readonly source: Source;
  readonly context: OpenContext;
}

export class Subscriptions implements Outlet {
  readonly name = 'subscriptions';
  readonly #settings: SubscriptionSettings;
  readonly #followed = new Map<string, Followed>();
  readonly #keys = new WeakMap<Route, string>();

  constructor(settings: SubscriptionSettings) {
    this.#settings = settings;
  }

  /** Lends as the collector does; what has arrived of a host is its answer. */
  readonly lend: LendTransport = (module, source, context, use) => {
    const { lend, lendAnyway } = this.#settings;
    // One that is followed is there, whatever its breaker knows of an hour ago.
    const lendNow = this.#isFollowing(source.uri.text) ? lendAnyway : lend;
    return lendNow(module, source, context, (transport) => {
      const canFollow = transport.subscribe !== undefined && !module.traits.consumes;
      return use(canFollow ? this.#follow(transport, { module, source, context }) : transport);
    });
  };

  /** Hears of it by {@link turnEnded}, when the host may run again. */
  cycleEnded(): void {}

  hostGone(host: HostName): void {
    for (const { subscription } of this.#followed.values()) subscription.forget(host);
  }

  turnEnded({ target: { host } }: Entry): void {
    for (const { subscription } of this.#followed.values()) subscription.cycleEnded(host);
  }

  /** Lets go of what waits for hosts that are another's by now; called several times a second. */
  leaveToOthers(): void {
    const { roster, isOurs } = this.#settings;
    for (const { subscription } of this.#followed.values()) {
      subscription.leaveToOthers((host) => {
        const entry = roster.get(host);
        return entry !== undefined && isOurs(entry);
      });
    }
  }

  /** Hosts or routes have changed: who is wanted of whom, and what nobody wants any more. */
  refresh(): void {
    for (const [key, { subscription, ended }] of this.#followed) {
      subscription.wanted.clear();
      for (const entry of this.#settings.roster.entries()) {
        if (this.#keyOf(entry.route) === key) {
          subscription.wanted.set(entry.target.host, entry.target);
        }
      }
      if (subscription.wanted.size === 0) ended.abort(over());
    }
  }

  /** Resolves when nothing is followed any more. */
  async end(): Promise<void> {
    for (const { ended, subscription } of this.#followed.values()) {
      subscription.end();
      ended.abort(over());
    }
    await Promise.all([...this.#followed.values()].map(({ done }) => done));
  }

  toStatus(): Partial<CollectorStatus> {
    const subscriptions = [...this.#followed.values()].map(({ uri, subscription }) => {
      const { fault, isFollowing, wanted, counts, since } = subscription;
      const state: 'following' | 'away' | 'beginning' = isFollowing
        ? 'following'
        : fault === undefined
          ? 'beginning'
          : 'away';
      const said = fault && { code: fault.code, message: fault.message };
      const about = { source: uri, state, since: since.toISOString() };
      return { ...about, hosts: wanted.size, ...counts, ...(said && { fault: said }) };
    });
    return subscriptions.length === 0 ? {} : { subscriptions };
  }

  toMetrics(): readonly Metric[] {
    const all = [...this.#followed.values()];
    if (all.length === 0) return [];
    const of = (read: (subscription: Subscription) => number | undefined) =>
      all.flatMap(({ uri, subscription }) => {
        const value = read(subscription);
        return value === undefined ? [] : [{ labels: { source: uri }, value }];
      });
    return [
      gauge(
        'subscription_following',
        'Whether a source that is followed hands over what is pushed to it.',
        of(({ isFollowing }) => (isFollowing ? 1 : 0)),
      ),
      gauge(
        'subscription_hosts',
        'Hosts that are followed.',
        of(({ wanted }) => wanted.size),
      ),
      gauge(
        'subscription_delay_seconds',
        'From production to arrival, of the last output that was pushed.',
        of(({ delayMs }) => (delayMs === undefined ? undefined : delayMs / 1000)),
      ),
      counter(
        'subscription_arrived_total',
        'Outputs that were pushed.',
        of(({ counts }) => counts.arrived),
      ),
      counter(
        'subscription_foreign_total',
        'Outputs of hosts that are in no route, which were dropped.',
        of(({ counts }) => counts.foreign),
      ),
      counter(
        'subscription_gaps_total',
        'Times that something may have been missed, and the last outputs came again.',
        of(({ counts }) => counts.gaps),
      ),
      counter(
        'subscription_losses_total',
        'Times that a source was no longer followed.',
        of(({ counts }) => counts.losses),
      ),
    ];
  }

  #isFollowing(uri: string): boolean {
    for (const followed of this.#followed.values()) {
      if (followed.uri === showUri(uri) && followed.subscription.isFollowing) return true;
    }
    return false;
  }

  /** The transport, but for hosts whose first source it is. */
  #follow(transport: Transport, opened: Opened): Transport {
    return {
      fetch: async (target, signal) => {
        const subscription = this.#subscriptionOf(target.host, opened);
        const arrival = subscription?.answer(target.host);
        if (arrival instanceof CourierError) throw arrival;
        return arrival ?? transport.fetch(target, signal);
      },
      close: () => transport.close(),
    };
  }

  /** Begun with the first fetch. */
  #subscriptionOf(host: HostName, opened: Opened): Subscription | undefined {
    const entry = this.#settings.roster.get(host);
    const [first] = entry?.route.sources ?? [];
    if (entry === undefined || first?.uri !== opened.source.uri.text) return undefined;
    const key = this.#keyOf(entry.route);
    const { subscription } = this.#followed.get(key) ?? this.#begin(key, opened);
    entry.isFollowed = subscription.isFollowing;
    return subscription;
  }

  #begin(key: string, { module, source, context }: Opened): Followed {
    const { clock, roster, urge, signal } = this.#settings;
    const uri = showUri(source.uri.text);
    const log = this.#settings.log.child({ source: uri });
    const urgeHost = (host: HostName) => {
      const entry = roster.get(host);
      return entry !== undefined && urge(entry);
    };
    const subscription = new Subscription(clock, urgeHost, (fault) => {
      if (fault === undefined) {
        log.info({ hosts: subscription.wanted.size }, 'following');
        this.#askFailed(subscription);
      } else log.warn({ code: fault.code }, `no longer following: ${fault.message}`);
    });
    const ended = new AbortController();
    const until = AbortSignal.any([signal, ended.signal]);
    const done = this.#run({ module, source, context: { ...context, log } }, subscription, until);
    const followed = { uri, subscription, ended, done };
    this.#followed.set(key, followed);
    void done.then(() => {
      if (this.#followed.get(key) === followed) this.#followed.delete(key);
    });
    this.refresh();
    return followed;
  }

  /** What is there again is not waited for as long as one waits for who is silent. */
  #askFailed({ wanted }: Subscription): void {
    const { roster, urge } = this.#settings;
    for (const host of wanted.keys()) {
      const entry = roster.get(host);
      if (entry !== undefined && entry.history.failures > 0) urge(entry);
    }
  }

  /** Never rejects. */
  async #run(
    { module, source, context }: Opened,
    subscription: Subscription,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await withTransport(module, source, { ...context, signal }, async (transport) =>
        transport.subscribe?.(subscription, signal),
      );
    } catch (thrown) {
      if (!signal.aborted) subscription.tell(asCourierError(thrown, 'following'));
    } finally {
      subscription.end();
    }
  }

  /** The same for routes with the same first source under the same rules of size, age and seals. */
  #keyOf(route: Route): string {
    const known = this.#keys.get(route);
    if (known !== undefined) return known;
    const [first] = route.sources;
    const { maxOutputBytes, maxSkewMs, maxAgeMs, seal } = route.settings;
    const key = JSON.stringify([
      first?.uri,
      first?.options,
      maxOutputBytes,
      maxSkewMs,
      maxAgeMs,
      seal,
    ]);
    this.#keys.set(route, key);
    return key;
  }
}

function over(): CourierError {
  return new CourierError('INTERRUPTED', 'nobody wants it any more');
}
