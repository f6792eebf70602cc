/** What the contract says of ending: by a signal, by close, and of what is left then. */

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { CourierError } from '../../src/faults/errors.ts';
import type { Source } from '../../src/transports/source.ts';
import { catchFault, expectFault } from '../helpers/expect-fault.ts';
import { makeOpenContext } from '../helpers/open-context.ts';
import {
  fetchFrom,
  makeHost,
  makeOutput,
  neverAborts,
  toTarget,
  withOffer,
  withOpen,
} from './fetching.ts';
import { assertLetGo } from './leftovers.ts';
import type { ConformancePeer, Sentences } from './peer.ts';

const settlesWithinMs = 1000;

function makeReason(): CourierError {
  return new CourierError('TIMEOUT', 'nothing came within the time of this test');
}

/** Aborts a fetch after a while; whatever it then settles with must come soon after. */
async function abortedAfter(
  delayMs: number,
  peer: ConformancePeer,
  host: string,
  source: Source = peer.source,
): Promise<{ readonly reason: CourierError; readonly fetched: Promise<unknown> }> {
  const reason = makeReason();
  const controller = new AbortController();
  const context = makeOpenContext({ signal: controller.signal });
  const fetched = fetchFrom(peer, host, { source, context });
  fetched.catch(() => undefined);
  await sleep(delayMs);
  controller.abort(reason);
  const tooLate = sleep(settlesWithinMs, 'too late', { ref: false });
  const first = await Promise.race([fetched.catch(() => 'rejected'), tooLate]);
  assert.notEqual(first, 'too late', `not settled ${settlesWithinMs} ms after the abort`);
  return { reason, fetched };
}

/** Long enough for most of what a fetch does to be under way. */
async function measureFetch(peer: ConformancePeer, host: string): Promise<number> {
  const startedAt = performance.now();
  await fetchFrom(peer, host);
  return performance.now() - startedAt;
}

export const endings: Sentences = {
  'an abort while the peer is silent ends the fetch within a second, with its reason': async (
    peer,
    test,
  ) => {
    const source = peer.hangs;
    if (source === undefined) return test.skip('a peer of this transport cannot hang');
    for (const delayMs of [0, 50, 500]) {
      const { reason, fetched } = await abortedAfter(delayMs, peer, makeHost(), source);
      assert.equal(await catchFault(fetched), reason);
      await assertLetGo(peer);
    }
  },

  'an abort at any moment of a fetch leaves all of the output or the reason': async (peer) => {
    const output = makeOutput(3_000_000);
    await withOffer(peer, output, async (host) => {
      const usualMs = await measureFetch(peer, host);
      for (const part of [0, 0.1, 0.3, 0.5, 0.7, 0.9, 1]) {
        const { reason, fetched } = await abortedAfter(usualMs * part, peer, host);
        await fetched.then(
          (delivery) => assert.ok('output' in Object(delivery)),
          (error) => assert.equal(error, reason),
        );
      }
    });
  },

  'a signal that has aborted already ends the fetch at once, with its reason': async (peer) =>
    withOffer(peer, makeOutput(), (host) =>
      withOpen(peer, async (transport) => {
        const reason = makeReason();
        const fetched = transport.fetch(toTarget(host, peer), AbortSignal.abort(reason));
        assert.equal(await catchFault(fetched), reason);
        await transport.fetch(toTarget(host, peer), neverAborts());
      }),
    ),

  'a signal that has aborted before open ends open or fetch, with its reason': async (peer) =>
    withOffer(peer, makeOutput(), async (host) => {
      const reason = makeReason();
      const context = makeOpenContext({ signal: AbortSignal.abort(reason) });
      assert.equal(await catchFault(fetchFrom(peer, host, { context })), reason);
    }),

  'the abort of one fetch does not touch another on the same transport': async (peer, test) => {
    if (peer.module.traits.concurrency < 2) return test.skip('serves one fetch at a time');
    const output = makeOutput(500_000);
    await withOffer(peer, output, (host) =>
      withOpen(peer, async (transport) => {
        const controller = new AbortController();
        const lost = transport.fetch(toTarget(host, peer), controller.signal);
        const kept = transport.fetch(toTarget(host, peer), neverAborts());
        const reason = makeReason();
        controller.abort(reason);
        assert.equal(await catchFault(lost), reason);
        assert.ok((await kept).output.equals(output));
      }),
    );
  },

  'a fetch that has settled no longer listens to its signal': async (peer) =>
    withOffer(peer, makeOutput(), (host) =>
      withOpen(peer, async (transport) => {
        const signal = neverAborts();
        await transport.fetch(toTarget(host, peer), signal);
        await expectFault(transport.fetch(toTarget(makeHost(), peer), signal), 'NO_OUTPUT');
        assert.deepEqual(getEventListeners(signal, 'abort'), []);
      }),
    ),

  'close may be called twice, and never rejects': async (peer) => {
    const unused = await peer.module.open(peer.source, makeOpenContext());
    await unused.close();
    await unused.close();
    await withOffer(peer, makeOutput(), async (host) => {
      const used = await peer.module.open(peer.source, makeOpenContext());
      await used.fetch(toTarget(host, peer), neverAborts());
      await Promise.all([used.close(), used.close()]);
      await used.close();
    });
  },

  'close waits for a fetch under way, which brings all of it': async (peer) => {
    const output = makeOutput(3_000_000);
    await withOffer(peer, output, async (host) => {
      const transport = await peer.module.open(peer.source, makeOpenContext());
      let isOver = false;
      const fetched = transport.fetch(toTarget(host, peer), neverAborts()).finally(() => {
        isOver = true;
      });
      await transport.close();
      assert.ok(isOver);
      assert.ok((await fetched).output.equals(output));
      await assertLetGo(peer);
    });
  },

  'a fetch that is aborted while close waits for it ends both, and leaves nothing': async (
    peer,
    test,
  ) => {
    if (peer.hangs === undefined) return test.skip('a peer of this transport cannot hang');
    const transport = await peer.module.open(peer.hangs, makeOpenContext());
    const controller = new AbortController();
    const fetched = catchFault(transport.fetch(toTarget(makeHost(), peer), controller.signal));
    const closed = transport.close();
    const reason = makeReason();
    controller.abort(reason);
    assert.equal(await fetched, reason);
    await closed;
    await assertLetGo(peer);
  },

  'a closed transport refuses to fetch': async (peer) => {
    const transport = await peer.module.open(peer.source, makeOpenContext());
    await transport.close();
    await expectFault(transport.fetch(toTarget(makeHost(), peer), neverAborts()), 'INTERNAL');
  },

  'close may be called after a fault, and leaves nothing': async (peer) => {
    for (const source of [peer.source, peer.stopsHalfWay, peer.wrongSecret]) {
      if (source === undefined) continue;
      await catchFault(fetchFrom(peer, makeHost(), { source }));
      await assertLetGo(peer);
    }
  },
};
