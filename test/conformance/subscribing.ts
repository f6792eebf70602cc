/** What the contract says of sources that hand outputs over by themselves. */

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { CourierError } from '../../src/faults/errors.ts';
import type { HostName } from '../../src/names/host-name.ts';
import type { Target } from '../../src/transports/source.ts';
import type {
  Delivery,
  OpenContext,
  Subscriber,
  SubscriptionNews,
} from '../../src/transports/transport.ts';
import { withTransport } from '../../src/transports/transport.ts';
import { makeOpenContext } from '../helpers/open-context.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { makeHost, makeOutput, toTarget, withOffers, withOpen } from './fetching.ts';
import { assertLetGo } from './leftovers.ts';
import type { ConformancePeer, Sentences } from './peer.ts';

/** A subscriber that notes all it is told. */
class Listener implements Subscriber {
  readonly wanted: Map<HostName, Target>;
  readonly arrivals: { readonly host: string; readonly arrival: Delivery | CourierError }[] = [];
  readonly news: SubscriptionNews[] = [];
  /** Outputs that are not taken yet. */
  readonly held: string[] = [];
  /** Takes nothing until it resolves. */
  opened: Promise<void> = Promise.resolve();

  constructor(targets: readonly Target[]) {
    this.wanted = new Map(targets.map((target) => [target.host, target]));
  }

  async deliver({ host }: Target, arrival: Delivery | CourierError): Promise<void> {
    this.held.push(host);
    this.arrivals.push({ host, arrival });
    await this.opened;
    this.held.splice(this.held.indexOf(host), 1);
  }

  tell(news: SubscriptionNews): void {
    this.news.push(news);
  }

  /** The newest output of a host that was handed over. */
  newest(host: string): Buffer | undefined {
    const last = this.arrivals.findLast((one) => one.host === host)?.arrival;
    return last === undefined || last instanceof CourierError ? undefined : last.output;
  }

  async until(host: string, output: Buffer): Promise<void> {
    await waitUntil(() => this.newest(host)?.equals(output) === true);
  }
}

/** Subscribes, lends what is told, and ends it. */
async function withSubscription(
  peer: ConformancePeer,
  hosts: readonly string[],
  use: (listener: Listener) => Promise<void>,
  context: OpenContext = makeOpenContext(),
): Promise<void> {
  await withTransport(peer.module, peer.source, context, async (transport) => {
    assert.ok(transport.subscribe);
    const listener = new Listener(hosts.map((host) => toTarget(host, peer)));
    const ended = new AbortController();
    const subscribed = transport.subscribe(listener, ended.signal);
    try {
      await use(listener);
    } finally {
      ended.abort(new CourierError('INTERRUPTED', 'the test ends'));
      await subscribed;
    }
  });
}

async function untilFollowing(listener: Listener): Promise<void> {
  await waitUntil(() => listener.news.includes('following'));
}

const sentences: Sentences = {
  'a subscription begins with the last output of each host that is wanted': async (peer) => {
    const outputs = new Map([makeHost(), makeHost()].map((host) => [host, makeOutput()]));
    await withOffers(peer, outputs, () =>
      withSubscription(peer, [...outputs.keys()], async (listener) => {
        for (const [host, output] of outputs) await listener.until(host, output);
        await untilFollowing(listener);
        assert.equal(listener.arrivals.length, outputs.size);
      }),
    );
  },

  'what comes later is handed over unasked, the newest always': async (peer) => {
    const host = makeHost();
    await withOffers(peer, new Map(), () =>
      withSubscription(peer, [host], async (listener) => {
        await untilFollowing(listener);
        try {
          for (let round = 0; round < 5; round += 1)
            await peer.offer(host, makeOutput(round * 100));
          const last = makeOutput();
          await peer.offer(host, last);
          await listener.until(host, last);
        } finally {
          await peer.withdraw(host);
        }
      }),
    );
  },

  'nothing is handed over of hosts that are not wanted, until they are': async (peer) => {
    const [foreign, own] = [makeHost(), makeHost()];
    const outputs = new Map([foreign, own].map((host) => [host, makeOutput()]));
    await withOffers(peer, outputs, () =>
      withSubscription(peer, [own], async (listener) => {
        await untilFollowing(listener);
        assert.deepEqual([...new Set(listener.arrivals.map(({ host }) => host))], [own]);
        const target = toTarget(foreign, peer);
        listener.wanted.set(target.host, target);
        const newer = makeOutput();
        await peer.offer(foreign, newer);
        await listener.until(foreign, newer);
      }),
    );
  },

  'no more outputs wait to be taken than may be asked for at once, and one of a host': async (
    peer,
  ) => {
    const most = peer.module.traits.concurrency;
    const hosts = Array.from({ length: most + 5 }, makeHost);
    const outputs = new Map(hosts.map((host) => [host, makeOutput()]));
    await withOffers(peer, outputs, () =>
      withSubscription(peer, hosts, async (listener) => {
        const opening = Promise.withResolvers<void>();
        listener.opened = opening.promise;
        await waitUntil(() => listener.held.length >= most);
        const [first = ''] = listener.held;
        const newest = makeOutput();
        await peer.offer(first, newest);
        assert.ok(listener.held.length <= most);
        assert.equal(new Set(listener.held).size, listener.held.length);
        opening.resolve();
        for (const [host, output] of outputs) {
          await listener.until(host, host === first ? newest : output);
        }
      }),
    );
  },

  'a subscription outlives its peer, and tells that it is away': async (peer, test) => {
    const { absence } = peer;
    if (absence === undefined) return test.skip('the peer of this transport cannot be away');
    const host = makeHost();
    await withOffers(peer, new Map([[host, makeOutput()]]), () =>
      withSubscription(peer, [host], async (listener) => {
        await untilFollowing(listener);
        await absence.lose();
        const isFault = (news: SubscriptionNews) => news instanceof CourierError;
        await waitUntil(() => listener.news.some(isFault)).finally(() => absence.restore());
        listener.news.length = 0;
        await untilFollowing(listener);
        const newer = makeOutput();
        await peer.offer(host, newer);
        await listener.until(host, newer);
      }),
    );
  },

  'what is too large is handed over as its fault, and what follows is not held up': async (
    peer,
  ) => {
    const host = makeHost();
    const context = makeOpenContext({ maxOutputBytes: 10_000 });
    await withOffers(peer, new Map([[host, makeOutput(500_000)]]), () =>
      withSubscription(
        peer,
        [host],
        async (listener) => {
          await waitUntil(() => listener.arrivals.length > 0);
          const [first] = listener.arrivals;
          assert.ok(first?.arrival instanceof CourierError);
          assert.equal(first.arrival.code, 'TOO_LARGE');
          const small = makeOutput();
          await peer.offer(host, small);
          await listener.until(host, small);
        },
        context,
      ),
    );
  },

  'a subscription ends by its signal, whatever is not taken yet, and leaves nothing': async (
    peer,
  ) => {
    const host = makeHost();
    await withOffers(peer, new Map([[host, makeOutput()]]), async () => {
      await withSubscription(peer, [host], async (listener) => {
        const opening = Promise.withResolvers<void>();
        listener.opened = opening.promise;
        await waitUntil(() => listener.held.length > 0);
      });
      await assertLetGo(peer);
    });
  },
};

/** Skipped, before anything is offered, where a source can only be asked. */
export const subscribing: Sentences = Object.fromEntries(
  Object.entries(sentences).map(([sentence, check]) => [
    sentence,
    async (peer: ConformancePeer, test: TestContext) => {
      const can = await withOpen(peer, async ({ subscribe }) => subscribe !== undefined);
      return can ? check(peer, test) : test.skip('a source of this transport can only be asked');
    },
  ]),
);
