/** Causes on the way to the host: names, addresses, ports, and who answers there. */

import { cause } from './cause.ts';

export const wayCauses = {
  'dns-none': cause('UNREACHABLE', 'site', 'the name of the host has no address', {
    site: 'getent ahosts {host}; or give the host an address in Setup',
  }),
  'dns-silent': cause('TIMEOUT', 'site', 'no name server answers for the name of the host', {
    site: 'cat /etc/resolv.conf; getent ahosts {host}; or give the host an address in Setup',
  }),
  'dns-other': cause('UNREACHABLE', 'site', 'DNS has another address than the configuration', {
    site: 'cmk -D {host}; correct the address in Setup or the name in DNS',
  }),
  'address-none': cause('CONFIG', 'site', 'the host has no usable address', {
    site: 'give {host} an address in Setup, and activate the changes',
  }),
  'address-loopback': cause('UNREACHABLE', 'site', 'the address is one of the machine itself', {
    site: 'correct the address of {host} in Setup or in /etc/hosts',
    host: 'let the agent listen on an address that the site can reach',
  }),
  'address-shared': cause('CONFIG', 'site', 'another host of the configuration has this address', {
    site: 'look at the address of {host} in Setup; hosts of one address need different ports',
  }),
  'no-route': cause(
    'UNREACHABLE',
    'path',
    'there is no route to the host, or something on the way rejects',
    {
      site: 'ip route get {address}',
    },
  ),
  'port-refused': cause(
    'UNREACHABLE',
    'host',
    'the host is there, and nobody answers on the port',
    {
      host: 'courier-doctor; cmk-agent-ctl status; systemctl status check-mk-agent.socket',
    },
  ),
  'port-silent': cause(
    'TIMEOUT',
    'path',
    'nothing comes back in time: a firewall drops it, the way is slow, the address is wrong, or the host is down',
    { site: 'traceroute -T -p {port} {address}', host: 'courier-doctor' },
  ),
  'port-closed-at-once': cause(
    'NO_OUTPUT',
    'host',
    'the connection is taken and closed without a byte: this address is not allowed, or the agent cannot be run',
    { host: 'cmk-agent-ctl status; cmk-agent-ctl dump | head -1; look at only_from' },
  ),
  'port-hangs': cause(
    'TIMEOUT',
    'host',
    'the connection is taken, and nothing comes: the agent hangs, is slow, or a port forward leads nowhere',
    { host: 'time check_mk_agent | tail -1', site: 'cmk-courier doctor {host} --deadline=60s' },
  ),
  'other-service': cause('MALFORMED', 'host', 'something else than an agent answers on the port', {
    host: 'ss -ltnp sport = :{port}',
    site: 'look at the agent port of {host} in Setup',
  }),
  blocked: cause(
    'UNREACHABLE',
    'path',
    'the host listens, and no connection from here comes about: something on the way stops it or holds it up',
    {
      site: 'let TCP to {address}:{port} pass on the way',
      host: 'nft list ruleset | grep {port}',
    },
  ),
} as const;
