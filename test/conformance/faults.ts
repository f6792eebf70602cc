/** What the contract says of fetches that cannot succeed. */

import assert from 'node:assert/strict';
import { parseOptions } from '../../src/cli/options.ts';
import type { FaultCode } from '../../src/faults/errors.ts';
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
import { peakBufferGrowth } from './memory.ts';
import type { ConformancePeer, Sentences } from './peer.ts';

/** The connection broke, nothing more came, the peer failed, or the part shows that it is one. */
const halfWayCodes: readonly FaultCode[] = ['UNREACHABLE', 'TIMEOUT', 'PEER', 'MALFORMED'];

function withOption(source: Source, name: string, texts: readonly string[]): Source {
  return { uri: source.uri, options: { ...source.options, [name]: texts } };
}

function withoutOption(source: Source, name: string): Source {
  const kept = Object.entries(source.options).filter(([key]) => key !== name);
  return { uri: source.uri, options: Object.fromEntries(kept) };
}

async function refusesOptions(peer: ConformancePeer): Promise<void> {
  const host = makeHost();
  const refused = async (source: Source, message: RegExp) =>
    expectFault(fetchFrom(peer, host, { source }), 'USAGE', message);
  await refused(withOption(peer.source, 'noSuchOption', ['x']), /unknown option --no-such-option/);
  for (const [name, spec] of Object.entries(peer.module.options)) {
    if (spec.kind === 'list') continue;
    await refused(withOption(peer.source, name, ['true', 'true']), /is given more than once/);
    const isRequired = spec.kind === 'value' && spec.required === true;
    if (isRequired) await refused(withoutOption(peer.source, name), /is missing/);
  }
}

async function whileAway(
  { lose, restore }: NonNullable<ConformancePeer['absence']>,
  use: () => Promise<unknown>,
): Promise<void> {
  await lose();
  try {
    await use();
  } finally {
    await restore();
  }
}

const away = 'the peer of this transport cannot be away';

export const faultsToRaise: Sentences = {
  'nothing there is NO_OUTPUT': async (peer) => {
    await expectFault(fetchFrom(peer, makeHost()), 'NO_OUTPUT');
  },

  'nothing there any more is NO_OUTPUT': async (peer) =>
    withOffer(peer, makeOutput(), async (host) => {
      await fetchFrom(peer, host);
      await peer.withdraw(host);
      await expectFault(fetchFrom(peer, host), 'NO_OUTPUT');
    }),

  'an open transport may be asked again after a fault': async (peer) =>
    withOffer(peer, makeOutput(), (host) =>
      withOpen(peer, async (transport) => {
        await expectFault(transport.fetch(toTarget(makeHost(), peer), neverAborts()), 'NO_OUTPUT');
        await transport.fetch(toTarget(host, peer), neverAborts());
      }),
    ),

  'a peer that is gone is UNREACHABLE, and can be opened again when it is back': async (
    peer,
    test,
  ) => {
    const { absence } = peer;
    if (absence === undefined) return test.skip(away);
    await withOffer(peer, makeOutput(), async (host) => {
      await whileAway(absence, () => expectFault(fetchFrom(peer, host), 'UNREACHABLE'));
      await peer.offer(host, makeOutput());
      await fetchFrom(peer, host);
    });
  },

  'a peer that goes away under an open transport is UNREACHABLE until it is back': async (
    peer,
    test,
  ) => {
    const { absence } = peer;
    if (absence === undefined) return test.skip(away);
    await withOffer(peer, makeOutput(), (host) =>
      withOpen(peer, async (transport) => {
        const fetch = () => transport.fetch(toTarget(host, peer), neverAborts());
        await fetch();
        await whileAway(absence, () => expectFault(fetch(), 'UNREACHABLE'));
        await peer.offer(host, makeOutput());
        await fetch();
      }),
    );
  },

  'a peer that stops half-way is a fault, never a part': async (peer, test) => {
    const source = peer.stopsHalfWay;
    if (source === undefined) return test.skip('a peer of this transport cannot stop half-way');
    for (const attempt of ['first', 'second']) {
      const { code, message } = await catchFault(fetchFrom(peer, makeHost(), { source }));
      assert.ok(halfWayCodes.includes(code), `${attempt}: ${code}: ${message}`);
    }
  },

  'a wrong secret is REFUSED': async (peer, test) => {
    const source = peer.wrongSecret;
    if (source === undefined) return test.skip('this transport has no secrets');
    await withOffer(peer, makeOutput(), async (host) => {
      await expectFault(fetchFrom(peer, host, { source }), 'REFUSED');
      await fetchFrom(peer, host);
    });
  },

  'exactly as much as is allowed arrives, one byte more is TOO_LARGE': async (peer) => {
    const output = makeOutput(100_000);
    await withOffer(peer, output, async (host) => {
      const allowing = (maxOutputBytes: number) =>
        fetchFrom(peer, host, { context: makeOpenContext({ maxOutputBytes }) });
      const delivery = await allowing(output.length);
      assert.equal(delivery.output.length, output.length);
      await expectFault(allowing(output.length - 1), 'TOO_LARGE');
    });
  },

  'too much is TOO_LARGE before it is all read': async (peer) => {
    const output = makeOutput(32_000_000);
    await withOffer(peer, output, async (host) => {
      const context = makeOpenContext({ maxOutputBytes: 100_000 });
      const grownBy = await peakBufferGrowth(() =>
        expectFault(fetchFrom(peer, host, { context }), 'TOO_LARGE'),
      );
      assert.ok(grownBy < output.length / 2, `${grownBy} bytes more were in memory`);
    });
  },

  'the options of the source pass their own table': async ({ module, source }) => {
    parseOptions(module.options, source.options);
  },

  'open refuses a wrong option with USAGE': refusesOptions,

  'open refuses a wrong option before it asks a peer that is not there': async (peer, test) => {
    const { absence } = peer;
    if (absence === undefined) return test.skip(away);
    await whileAway(absence, () => refusesOptions(peer));
  },
};
