/** Which ports a Checkmk installation uses (agent-port.md, and the vendor's article on ports). */

export const roles = ['host', 'site', 'central', 'remote', 'appliance', 'outside'] as const;
export type Role = (typeof roles)[number];

export interface PortUse {
  readonly role: Role;
  readonly port: number;
  readonly proto: 'tcp' | 'udp';
  readonly what: string;
  /** Who connects to it. */
  readonly from: string;
  /** Not active unless somebody switches it on. */
  readonly optional: boolean;
  /** On loopback, for the machine itself. */
  readonly isLocal?: true;
  /** What `omd config` calls it, where it may be another one. */
  readonly setting?: string;
}

const always = { optional: false } as const;
const optional = { optional: true } as const;
const inside = { isLocal: true } as const;

/** All numbers are those of an installation as it comes. */
const portUses: readonly PortUse[] = [
  { role: 'host', port: 6556, proto: 'tcp', what: 'agent', from: 'site', ...always },
  { role: 'host', port: 161, proto: 'udp', what: 'SNMP', from: 'site', ...optional },
  {
    role: 'host',
    port: 28_250,
    proto: 'tcp',
    what: 'agent of Windows',
    from: 'host',
    ...optional,
    ...inside,
  },
  { role: 'site', port: 80, proto: 'tcp', what: 'GUI, REST API', from: 'hosts, users', ...always },
  { role: 'site', port: 443, proto: 'tcp', what: 'GUI, REST API', from: 'hosts, users', ...always },
  {
    role: 'site',
    port: 8000,
    proto: 'tcp',
    what: 'Agent Receiver',
    from: 'hosts',
    ...always,
    setting: 'AGENT_RECEIVER_PORT',
  },
  { role: 'site', port: 162, proto: 'udp', what: 'SNMP traps', from: 'hosts', ...optional },
  { role: 'site', port: 514, proto: 'tcp', what: 'syslog', from: 'hosts', ...optional },
  { role: 'site', port: 514, proto: 'udp', what: 'syslog', from: 'hosts', ...optional },
  { role: 'site', port: 6559, proto: 'udp', what: 'real-time checks', from: 'hosts', ...optional },
  {
    role: 'site',
    port: 5000,
    proto: 'tcp',
    what: 'Apache of the site',
    from: 'site',
    ...always,
    ...inside,
    setting: 'APACHE_TCP_PORT',
  },
  {
    role: 'remote',
    port: 80,
    proto: 'tcp',
    what: 'synchronisation',
    from: 'central site',
    ...always,
  },
  {
    role: 'remote',
    port: 443,
    proto: 'tcp',
    what: 'synchronisation',
    from: 'central site',
    ...always,
  },
  {
    role: 'remote',
    port: 6555,
    proto: 'tcp',
    what: 'notification spooler',
    from: 'central site',
    ...optional,
  },
  {
    role: 'remote',
    port: 6557,
    proto: 'tcp',
    what: 'Livestatus',
    from: 'central site',
    ...optional,
    setting: 'LIVESTATUS_TCP_PORT',
  },
  {
    role: 'remote',
    port: 6558,
    proto: 'tcp',
    what: 'Event Console status',
    from: 'central site',
    ...optional,
  },
  {
    role: 'central',
    port: 80,
    proto: 'tcp',
    what: 'agent updates',
    from: 'remote sites',
    ...always,
  },
  {
    role: 'central',
    port: 443,
    proto: 'tcp',
    what: 'agent updates',
    from: 'remote sites',
    ...always,
  },
  {
    role: 'central',
    port: 6555,
    proto: 'tcp',
    what: 'notification spooler',
    from: 'remote sites',
    ...optional,
  },
  { role: 'appliance', port: 3121, proto: 'tcp', what: 'Pacemaker', from: 'other node', ...always },
  { role: 'appliance', port: 4321, proto: 'udp', what: 'Corosync', from: 'other node', ...always },
  { role: 'appliance', port: 4323, proto: 'udp', what: 'Corosync', from: 'other node', ...always },
  { role: 'appliance', port: 7789, proto: 'tcp', what: 'DRBD', from: 'other node', ...always },
  { role: 'outside', port: 25, proto: 'tcp', what: 'mail', from: 'site', ...optional },
  { role: 'outside', port: 465, proto: 'tcp', what: 'mail', from: 'site', ...optional },
  { role: 'outside', port: 587, proto: 'tcp', what: 'mail', from: 'site', ...optional },
  { role: 'outside', port: 123, proto: 'udp', what: 'NTP', from: 'site', ...always },
  { role: 'outside', port: 53, proto: 'udp', what: 'DNS', from: 'site', ...always },
  { role: 'outside', port: 53, proto: 'tcp', what: 'DNS', from: 'site', ...optional },
  { role: 'outside', port: 389, proto: 'tcp', what: 'LDAP', from: 'site', ...optional },
  { role: 'outside', port: 636, proto: 'tcp', what: 'LDAPS', from: 'site', ...optional },
];

/** A site may have moved its ports; what was not read is as it comes. */
export function portsOf(
  role: Role,
  siteConf: string,
): readonly (PortUse & { readonly assumed: boolean })[] {
  return portUses
    .filter((use) => use.role === role)
    .map((use) => {
      const name = use.setting ?? '';
      const [, set] = new RegExp(`^CONFIG_${name}='?(\\d{1,5})'?\\s*$`, 'm').exec(siteConf) ?? [];
      const isSet = use.setting !== undefined && set !== undefined;
      return { ...use, port: isSet ? Number(set) : use.port, assumed: !isSet };
    });
}
