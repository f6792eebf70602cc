/** What the contract says of output that arrives. */

import assert from 'node:assert/strict';
import type { OpenContext } from '../../src/transports/transport.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { makeOpenContext } from '../helpers/open-context.ts';
import {
  fetchFrom,
  makeHost,
  makeOutput,
  neverAborts,
  toTarget,
  withOffer,
  withOffers,
  withOpen,
} from './fetching.ts';
import type { ConformancePeer, Sentences } from './peer.ts';

const start = '<<<check_mk>>>\nVersion: 2.4.0\n';

async function arrivesWhole(peer: ConformancePeer, output: Buffer): Promise<void> {
  await withOffer(peer, output, async (host) => {
    const delivery = await fetchFrom(peer, host);
    assertSame(delivery.output, output);
  });
}

/** Buffers compared without printing megabytes. */
function assertSame(actual: Buffer, expected: Buffer): void {
  assert.equal(actual.length, expected.length, 'as many bytes arrive as were offered');
  assert.ok(actual.equals(expected), 'the bytes that arrive are those that were offered');
}

/** Protocols tell whole seconds, and HTTP the difference of two of them. */
const wholeSecondsMs = 2000;

/** Objects to what does not begin with a section. */
async function refuseText(bytes: Buffer): Promise<string | undefined> {
  return bytes.toString('latin1', 0, 3) === '<<<' ? undefined : 'text';
}

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

export const arrivals: Sentences = {
  'a fetch resolves with all of it': (peer) => arrivesWhole(peer, Buffer.from(start)),

  'every byte value arrives as it is, NUL among them': (peer) =>
    arrivesWhole(peer, Buffer.concat([Buffer.from(start), everyByte, everyByte.toReversed()])),

  'line ends arrive as they are: LF, CR LF, CR alone': (peer) =>
    arrivesWhole(peer, Buffer.from('<<<check_mk>>>\r\nVersion: 2.4.0\r\r\na\rb\n\rc\n')),

  'empty lines arrive, in front, between and at the end': (peer) => {
    const inFront = peer.beginsWithHeader ? '' : '\n\n';
    return arrivesWhole(peer, Buffer.from(`${inFront}${start}\n\n\n \n\t\n\n\n`));
  },

  'a last line without line end stays without': (peer) =>
    arrivesWhole(peer, Buffer.from(`${start}<<<local>>>\n0 "a b" - fine `)),

  'Latin-1, UTF-8 and what is neither arrive untouched': (peer) =>
    arrivesWhole(
      peer,
      Buffer.concat([
        Buffer.from(start),
        Buffer.from('M\xfcller \xa0\n', 'latin1'),
        Buffer.from('Müller ⌘ 𝄞 \ufeff\n', 'utf8'),
        Buffer.from([0xc3, 0x28, 0xe2, 0x82, 0xf0, 0x9f, 0xed, 0xa0, 0x80, 0xc0, 0xaf, 0x0a]),
      ]),
    ),

  'lines that mean something to other protocols arrive untouched': (peer) =>
    arrivesWhole(
      peer,
      Buffer.from(`${start}.\n..\n.\r\n\r\nFrom me\n>From me\n--\n--=_\n=3D=\n%41+&amp;\n~.\n`),
    ),

  'a line of a hundred thousand characters arrives in one piece': (peer) =>
    arrivesWhole(peer, Buffer.from(`${start}${'x'.repeat(100_000)}\n`)),

  'five megabytes arrive': (peer) => arrivesWhole(peer, makeOutput(5_000_000)),

  'a delivery says where it was': async (peer) =>
    withOffer(peer, makeOutput(), async (host) => {
      const { origin } = await fetchFrom(peer, host);
      assert.notEqual(origin, '');
      assert.doesNotMatch(origin, /[\p{Cc}{}]/u);
    }),

  'a delivery says when its output was produced, if anything on the way tells': async (peer) => {
    const producedAt = new Date(Math.floor(Date.now() / 1000 - 1000) * 1000);
    const host = makeHost();
    try {
      await peer.offer(host, makeOutput(), producedAt);
      const { producedAt: told } = await fetchFrom(peer, host);
      if (peer.tellsTime === 'never') return assert.equal(told, undefined);
      assert.ok(told instanceof Date, 'a moment is told');
      const expected = peer.tellsTime === 'of asking' ? new Date() : producedAt;
      const offMs = told.getTime() - expected.getTime();
      assert.ok(Math.abs(offMs) <= wholeSecondsMs, `${offMs} ms off`);
    } finally {
      await peer.withdraw(host);
    }
  },

  'a fetch gets the newest output': async (peer) =>
    withOffer(peer, makeOutput(), async (host) => {
      const newer = makeOutput();
      await peer.offer(host, newer);
      assertSame((await fetchFrom(peer, host)).output, newer);
    }),

  'of several the newest that is accepted is delivered, and what was passed over is named': async (
    peer,
    test,
  ) => {
    if (!peer.keepsOlder) return test.skip('holds one output a host');
    const output = makeOutput();
    await withOffer(peer, output, async (host) => {
      for (const text of ['not this one\n', 'nor this\n']) {
        await peer.offer(host, Buffer.from(text));
      }
      const { output: found, passedOver } = await fetchFrom(peer, host, {
        context: makeOpenContext({ accepts: refuseText }),
      });
      assertSame(found, output);
      assert.deepEqual(
        passedOver?.map(({ why }) => why),
        ['text', 'text'],
      );
    });
  },

  'of nothing but others the newest is delivered, so that its fault is told': async (
    peer,
    test,
  ) => {
    if (!peer.keepsOlder) return test.skip('holds one output a host');
    await withOffer(peer, Buffer.from('not this one\n'), async (host) => {
      await peer.offer(host, Buffer.from('nor this\n'));
      const { output, passedOver } = await fetchFrom(peer, host, {
        context: makeOpenContext({ accepts: refuseText }),
      });
      assert.equal(output.toString(), 'nor this\n');
      assert.equal(passedOver?.length, 1);
    });
  },

  'at most twenty are judged, each for the host that is asked for, and the count is told': async (
    peer,
    test,
  ) => {
    if (!peer.keepsOlder) return test.skip('holds one output a host');
    await withOffer(peer, makeOutput(), async (host) => {
      const minuteMs = 60_000;
      for (let index = 1; index <= 22; index += 1) {
        const at = new Date(Date.now() - minuteMs + index * 1000);
        await peer.offer(host, Buffer.from(`junk ${index}\n`), at);
      }
      const judged = new Set<string>();
      const accepts: OpenContext['accepts'] = async (bytes, asked) => {
        // A mail has a text beside its attachment.
        if (bytes.toString().startsWith('junk')) judged.add(`${asked.host} ${bytes}`);
        return 'junk';
      };
      const { passedOver } = await fetchFrom(peer, host, { context: makeOpenContext({ accepts }) });
      assert.equal(passedOver?.length, 19);
      assert.ok(judged.size > 0 && judged.size <= 20, `${judged.size}`);
      for (const one of judged) assert.ok(one.startsWith(`${host} `), one);
    });
  },

  'an open transport may be asked again': async (peer) =>
    withOffer(peer, makeOutput(), async (host) => {
      await withOpen(peer, async (transport) => {
        for (const output of [makeOutput(), makeOutput(5000), makeOutput(10)]) {
          await peer.offer(host, output);
          assertSame((await transport.fetch(toTarget(host, peer), neverAborts())).output, output);
        }
      });
    }),

  'hosts fetched at once do not mix': async (peer) => {
    const count = Math.min(peer.module.traits.concurrency, 16);
    const outputs = new Map(
      Array.from({ length: count }, (_, index) => [
        makeHost(),
        makeOutput(1000 * (index + 1) ** 2),
      ]),
    );
    await withOffers(peer, outputs, () =>
      withOpen(peer, async (transport) => {
        const all = [...outputs].map(async ([host, output]) => {
          assertSame((await transport.fetch(toTarget(host, peer), neverAborts())).output, output);
        });
        await Promise.all(all);
      }),
    );
  },

  'the fault of one host does not touch another fetched at the same time': async (peer, test) => {
    if (peer.module.traits.concurrency < 2) return test.skip('serves one fetch at a time');
    await withOffer(peer, makeOutput(200_000), (host) =>
      withOpen(peer, async (transport) => {
        const missing = transport.fetch(toTarget(makeHost(), peer), neverAborts());
        const present = transport.fetch(toTarget(host, peer), neverAborts());
        await Promise.all([expectFault(missing, 'NO_OUTPUT'), present]);
      }),
    );
  },

  'unacknowledged output comes again': async (peer) => {
    const output = makeOutput();
    await withOffer(peer, output, async (host) => {
      await withOpen(peer, async (transport) => {
        await transport.fetch(toTarget(host, peer), neverAborts());
        assertSame((await transport.fetch(toTarget(host, peer), neverAborts())).output, output);
      });
      assertSame((await fetchFrom(peer, host)).output, output);
    });
  },

  'acknowledged output is gone if the transport consumes, else it comes again': async (peer) => {
    const output = makeOutput();
    await withOffer(peer, output, async (host) => {
      await withOpen(peer, async (transport) => {
        const delivery = await transport.fetch(toTarget(host, peer), neverAborts());
        await delivery.acknowledge();
      });
      const again = fetchFrom(peer, host);
      if (peer.module.traits.consumes) await expectFault(again, 'NO_OUTPUT');
      else assertSame((await again).output, output);
    });
  },
};
