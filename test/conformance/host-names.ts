/** What the contract says of host names: each gets its own output, whatever it looks like. */

import assert from 'node:assert/strict';
import { parseHostName } from '../../src/names/host-name.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { fetchFrom, makeOutput, withOffers } from './fetching.ts';
import type { ConformancePeer, Sentences } from './peer.ts';

/** What a shell, a path, an option parser or a URI would take for something else. */
const dangerous = [
  '-oProxyCommand=x',
  '--help',
  '../x',
  '..',
  '.',
  '.hidden',
  '/etc/passwd',
  'a/b',
  'a\\b',
  'a b',
  'a\nb',
  'a\0b',
  '$(id)',
  '`id`',
  'a;id',
  'a%2fb',
  '{host}',
  '*',
  '~',
  '',
];

/** Allowed by Checkmk, and each to be taken for nothing but itself. */
const odd = [
  'a..b',
  'a.b',
  '1.2.3.4',
  '_x',
  'x-',
  'x.',
  '2001:db8::1',
  'fe80::1%eth0',
  '0',
  'null',
  'x'.repeat(200),
];

/** Names that are parts of each other, or the same but for upper and lower case. */
const alike = ['web1', 'web10', 'web1.example', 'xweb1', 'web-1', 'web_1', 'WEB1', 'web1_'];

async function getTheirOwn(peer: ConformancePeer, hosts: readonly string[]): Promise<void> {
  const outputs = new Map(hosts.map((host) => [host, makeOutput()]));
  await withOffers(peer, outputs, async () => {
    for (const [host, output] of outputs) {
      const delivery = await fetchFrom(peer, host);
      assert.equal(delivery.output.toString('latin1'), output.toString('latin1'), host);
    }
  });
}

export const hostNames: Sentences = {
  'a host name that looks like an option or a path cannot be asked for': async () => {
    for (const text of dangerous) {
      assert.throws(() => parseHostName(text), { name: 'CourierError', code: 'USAGE' }, text);
    }
  },

  'odd host names are fetched literally': (peer) => getTheirOwn(peer, odd),

  'host names that resemble each other are not mixed up': (peer) => getTheirOwn(peer, alike),

  'a host is not served with the output of one whose name holds its own': async (peer) => {
    await withOffers(peer, new Map([['web22', makeOutput()]]), async () => {
      await expectFault(fetchFrom(peer, 'web2'), 'NO_OUTPUT');
      await expectFault(fetchFrom(peer, 'eb22'), 'NO_OUTPUT');
    });
  },
};
