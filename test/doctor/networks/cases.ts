/** What goes wrong between a site and a host, how it is brought about, and what has to be named. */

import type { RawOptions } from '../../../src/cli/options.ts';
import { hostAddress6, type NetworkBed } from './bed.ts';
import type { HostFiles } from './both-sides.ts';

export interface Scene {
  readonly bed: NetworkBed;
  readonly files: HostFiles;
}

export interface Arranged {
  /** For the site's half. */
  readonly options?: RawOptions;
  /** For the host's half. */
  readonly host?: readonly string[];
  /** In front of the host's half. */
  readonly wrap?: readonly string[];
}

export interface NetworkCase {
  readonly what: string;
  /** The cause, or the verdict where there is none: from the site alone, and with the host's report. */
  readonly alone: string;
  readonly both: string;
  readonly arrange: (scene: Scene) => Promise<Arranged | undefined>;
}

/** An agent as inetd would have it. */
async function listen({ bed, files }: Scene, place = 'TCP4-LISTEN:6556'): Promise<undefined> {
  await bed.serve('host', ['socat', `${place},fork,reuseaddr`, `EXEC:${files.agent}`]);
}

type Rule = readonly [
  what: string,
  hook: 'input' | 'forward',
  rule: string,
  alone: string,
  both: string,
];

const port = 'tcp dport 6556';

const rules: readonly Rule[] = [
  ['dropped on the way', 'forward', `${port} drop`, 'port-silent', 'blocked'],
  ['answers are dropped on the way', 'forward', 'tcp sport 6556 drop', 'port-silent', 'blocked'],
  ['reset on the way', 'forward', `${port} reject with tcp reset`, 'port-refused', 'blocked'],
  ['port unreachable, from the way', 'forward', `${port} reject`, 'port-refused', 'blocked'],
  [
    'prohibited, says the way',
    'forward',
    `meta nfproto ipv4 ${port} reject with icmp type admin-prohibited`,
    'no-route',
    'blocked',
  ],
  ['dropped by the host', 'input', `${port} drop`, 'port-silent', 'blocked'],
  ['rejected by the host', 'input', `${port} reject with tcp reset`, 'port-refused', 'blocked'],
  ['the host drops all but SSH', 'input', 'tcp dport != 22 drop', 'port-silent', 'blocked'],
];

const blocking = rules.map(
  ([what, hook, rule, alone, both]): NetworkCase => ({
    what,
    alone,
    both,
    arrange: async (scene) => {
      scene.bed.rules(hook === 'forward' ? 'way' : 'host', hook, rule);
      return listen(scene);
    },
  }),
);

const ways: readonly NetworkCase[] = [
  { what: 'all is well', alone: 'ok', both: 'ok', arrange: (scene) => listen(scene) },
  {
    what: 'all is well over IPv6',
    alone: 'ok',
    both: 'ok',
    arrange: async (scene) => {
      await listen(scene, 'TCP6-LISTEN:6556,ipv6only=1');
      return { options: { address: [hostAddress6] } };
    },
  },
  {
    what: 'nobody listens',
    alone: 'port-refused',
    both: 'socket-missing',
    arrange: async () => undefined,
  },
  {
    what: 'the host listens for itself alone',
    alone: 'port-refused',
    both: 'address-loopback',
    arrange: (scene) => listen(scene, 'TCP4-LISTEN:6556,bind=127.0.0.1'),
  },
];

export const networkCases: readonly NetworkCase[] = [...ways, ...blocking];
