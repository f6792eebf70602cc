/** The options of the vSphere agent, by the names of the agent that Checkmk ships (vsphere.md#options). */

import {
  parseNumberWithin,
  parseOneOf,
  parsePositiveDuration,
  parseText,
} from '../../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../../cli/options.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import { isIpv6Address } from '../../names/ip-address.ts';
import { secretOptions } from '../../secrets/secret-options.ts';
import { httpOptions } from '../../web/options.ts';

/** What is asked for beside what the others need. */
const modules = ['hostsystem', 'virtualmachine', 'datastore', 'counters', 'licenses'] as const;

export type Module = (typeof modules)[number];

const { ca, tlsPin, proxy, proxyPasswordFile, proxyPasswordId, family, connectTimeout } =
  httpOptions;

const shown = {
  kind: 'value',
  placeholder: 'vm|esxhost|host',
  parse: parseOneOf('vm', 'esxhost', 'host'),
  fallback: 'host',
} as const;

export const vsphereOptions = {
  server: {
    kind: 'value',
    placeholder: 'ADDRESS',
    parse: parseServer,
    describe: 'vCenter or ESXi host; by default the address of the host, without one its name',
  },
  port: {
    kind: 'value',
    placeholder: 'PORT',
    parse: parseNumberWithin(1, 65_535),
    fallback: '443',
    describe: 'its port',
  },
  user: {
    kind: 'value',
    placeholder: 'NAME',
    parse: parseText,
    required: true,
    describe: 'user who may read, such as `monitor@vsphere.local`',
  },
  ...secretOptions('secret', 'the password of `--user`'),
  modules: {
    kind: 'value',
    placeholder: 'LIST',
    parse: Object.assign(parseModules, { several: modules }),
    fallback: modules.join(','),
    describe: `what to ask for: ${modules.join(', ')}, separated by commas`,
  },
  direct: {
    kind: 'switch',
    describe: 'the one ESXi host is asked itself: its sections are its own, not piggybacked',
  },
  hostname: {
    kind: 'value',
    placeholder: 'NAME',
    parse: parseText,
    describe: "with `--direct`: the host's name among the power states",
  },
  skipPlaceholderVm: { kind: 'switch', describe: 'leave out virtual machines without any disk' },
  spaces: {
    kind: 'value',
    placeholder: 'cut|underscore',
    parse: parseOneOf('cut', 'underscore'),
    fallback: 'underscore',
    describe: 'names with blanks as hosts: the first word alone, or underscores for the blanks',
  },
  vmPiggyname: {
    kind: 'value',
    placeholder: 'alias|hostname',
    parse: parseOneOf('alias', 'hostname'),
    fallback: 'alias',
    describe:
      'virtual machines are hosts by their name in the inventory, or by what the guest says',
  },
  vmPwrDisplay: {
    ...shown,
    describe:
      'where the power state of a machine is shown beside the host that is asked: by itself, or by its ESXi host',
  },
  hostPwrDisplay: {
    ...shown,
    describe:
      'where the power state of an ESXi host is shown: by its machines in place of the host that is asked, or by itself as well',
  },
  snapshotsOnHost: {
    kind: 'switch',
    describe: 'with `--direct`: the summary of snapshots as well',
  },
  snapshotNames: {
    kind: 'value',
    placeholder: 'first-word|whole',
    parse: parseOneOf('first-word', 'whole'),
    fallback: 'first-word',
    describe: 'machines in the summary of snapshots: as the shipped agent names them, or whole',
  },
  timeout: {
    kind: 'value',
    placeholder: 'TIME',
    parse: parsePositiveDuration,
    fallback: '60s',
    describe: 'how long the server may be silent',
  },
  noCertCheck: {
    kind: 'switch',
    describe: 'accept any certificate; only `--tls-pin` is still checked',
  },
  certServerName: {
    kind: 'value',
    placeholder: 'NAME',
    parse: httpOptions.tlsServerName.parse,
    describe: 'name the certificate must be for, in place of the address',
  },
  piggybackHosts: {
    kind: 'list',
    placeholder: 'PATTERN',
    parse: parseText,
    describe: 'hosts it may speak for: names, globs or `/regular expressions/`; all by default',
  },
  ca,
  tlsPin,
  proxy,
  proxyPasswordFile,
  proxyPasswordId,
  family,
  connectTimeout,
} as const satisfies OptionTable;

export type VsphereOptions = OptionValues<typeof vsphereOptions>;

/**
 * A name or an address, an IPv6 one also in brackets.
 *
 * @throws CourierError USAGE
 */
function parseServer(raw: string): string {
  const server = raw.replace(/^\[(.*)\]$/, '$1');
  if (isIpv6Address(server) || /^[\w.-]+$/.test(server)) return server;
  const why = `must be a name or an address alone, not ${quote(raw)}; --port is for another port`;
  throw new CourierError('USAGE', why);
}

/** @throws CourierError USAGE */
function parseModules(raw: string): ReadonlySet<Module> {
  return new Set(
    raw.split(',').map((word) => {
      const found = modules.find((name) => name === word.trim());
      if (found !== undefined) return found;
      const why = `must be some of ${modules.join(', ')}, not ${quote(word)}`;
      throw new CourierError('USAGE', why);
    }),
  );
}

/**
 * Checks which options go together.
 *
 * @throws CourierError USAGE
 */
export function checkVsphereOptions(options: VsphereOptions): void {
  const { direct, hostname, snapshotsOnHost, noCertCheck, ca: authority } = options;
  const say = (text: string) => new CourierError('USAGE', text);
  if (!direct && hostname !== undefined) throw say('--hostname needs --direct');
  if (!direct && snapshotsOnHost) throw say('--snapshots-on-host needs --direct');
  if (noCertCheck && authority !== undefined) {
    throw say('--no-cert-check and --ca exclude each other');
  }
}
