/** What goes wrong between a site and a host, how it is brought about, and what has to be named. */

import { hostAddress, hostAddress6, siteAddress, unusedAddress } from './bed.ts';
import { listen, type NetworkCase } from './scene.ts';
import { serviceCases } from './service-cases.ts';
import { trustCases } from './trust-cases.ts';

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

/** The queue of the way holds what comes for longer than anybody waits. */
const slow = `tc qdisc add dev host root tbf rate 64bit burst 120b limit 10kb
for _ in 1 2; do printf %060d 0 | socat - UDP4-SENDTO:${hostAddress}:9; done`;

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

const places: readonly NetworkCase[] = [
  {
    what: 'packets take longer than anybody waits',
    alone: 'port-silent',
    both: 'blocked',
    arrange: async (scene) => {
      await listen(scene);
      scene.bed.run('way', ['sh', '-c', slow]);
      return undefined;
    },
  },
  {
    what: 'the link of the host is down',
    alone: 'no-route',
    both: 'blocked',
    arrange: async (scene) => {
      await listen(scene);
      scene.bed.run('way', ['ip', 'link', 'set', 'host', 'down']);
      return undefined;
    },
  },
  {
    what: 'the link of the site is down',
    alone: 'no-route',
    both: 'no-route',
    arrange: async (scene) => {
      await listen(scene);
      scene.bed.run('site', ['ip', 'link', 'set', 'up0', 'down']);
      return undefined;
    },
  },
  {
    what: 'the address is nobody’s',
    alone: 'port-silent',
    both: 'port-silent',
    arrange: async (scene) => {
      await listen(scene);
      return { options: { address: [unusedAddress] } };
    },
  },
  {
    what: 'the address is that of the site itself',
    alone: 'port-refused',
    both: 'port-refused',
    arrange: async (scene) => {
      await listen(scene);
      return { options: { address: ['127.0.0.1'] } };
    },
  },
  {
    what: 'IPv6 alone, asked over IPv4',
    alone: 'port-refused',
    both: 'port-refused',
    arrange: (scene) => listen(scene, 'TCP6-LISTEN:6556,ipv6only=1'),
  },
  {
    what: 'IPv6 is accepted and IPv4 refused under one name',
    alone: 'port-refused',
    both: 'port-refused',
    arrange: async (scene) => {
      const name = 'both.example.com';
      scene.bed.hosts('site', `${hostAddress} ${name}`, `${hostAddress6} ${name}`);
      await listen(scene, 'TCP6-LISTEN:6556,ipv6only=1');
      return { options: { address: [name] } };
    },
  },
  {
    what: 'the receiver is off',
    alone: 'ok',
    both: 'receiver-unreachable',
    arrange: async (scene) => {
      await listen(scene);
      return { host: [`--site=${siteAddress}/mysite`] };
    },
  },
  {
    what: 'the way to the receiver is closed',
    waits: true,
    alone: 'ok',
    both: 'receiver-unreachable',
    arrange: async (scene) => {
      scene.bed.rules('way', 'forward', 'tcp dport 8000 drop');
      await listen(scene);
      return { host: [`--site=${siteAddress}/mysite`] };
    },
  },
];

/** The last one: what a name means stays known for a while. */
const otherAddress: NetworkCase = {
  what: 'DNS has another address for the host',
  alone: 'dns-other',
  both: 'dns-other',
  arrange: async (scene) => {
    scene.bed.hosts('site', `${unusedAddress} web01`);
    await listen(scene);
    return undefined;
  },
};

export const networkCases: readonly NetworkCase[] = [
  ...ways,
  ...blocking,
  ...places,
  ...serviceCases,
  ...trustCases,
  otherAddress,
];
