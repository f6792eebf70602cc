/** What the receiver can be told, on the command line or in receiver.yaml, under the same names. */

import { dirname, join } from 'node:path';
import { brokerOptions } from '../broker/options.ts';
import { findCertificateDirectory } from '../certs/directory.ts';
import type { Environment } from '../cli/environment.ts';
import { formOptions } from '../cli/form-options.ts';
import { parseListenAddress } from '../cli/listen-address.ts';
import {
  parseDiskSize,
  parseDuration,
  parseNumberWithin,
  parseOneOf,
  parsePath,
  parsePositiveDuration,
  parseSize,
  parseText,
} from '../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { metricsListen } from '../metrics/options.ts';
import { type SealPlaces, sealPlaces } from '../sealing/places.ts';
import { defaultSpoolDirectory } from '../spool/directories.ts';
import { defaultMaxSkew } from '../times/skew.ts';
import { parsePattern } from './patterns.ts';
import { parseNetwork } from './proxies.ts';
import { requireOneUpdateSource, updateOptions } from './update-options.ts';

/** It is a part of a URL and of the names of certificates. */
function parseSite(raw: string): string {
  if (/^[A-Za-z_][\w-]{0,60}$/.test(raw)) return raw;
  throw new CourierError('USAGE', `must be the name of a site, not ${quote(raw)}`);
}

/** `cmk/os-family:linux`; the value may be a pattern. */
function parseLabelRule(raw: string): { readonly label: string; readonly pattern: string } {
  const [, label, pattern] = /^([^:]+):(.+)$/.exec(raw) ?? [];
  if (label !== undefined && pattern !== undefined) return { label, pattern };
  throw new CourierError(
    'USAGE',
    `must be a label and its value such as cmk/os-family:linux, not ${quote(raw)}`,
  );
}

const value = (placeholder: string, describe: string) =>
  ({ kind: 'value', placeholder, describe }) as const;

export const receiverOptions = {
  listen: {
    ...value('ADDRESS:PORT', 'where hosts connect; without an address everywhere, IPv4 and IPv6'),
    parse: parseListenAddress,
    fallback: ':8000',
  },
  site: {
    ...value('NAME', 'the site, first part of every URL; in a site its own name'),
    parse: parseSite,
  },
  certificates: {
    ...value('DIR', 'what `cmk-courier certs init` made'),
    parse: parsePath,
  },
  spool: { ...value('DIR', 'where the newest output of each host is kept'), parse: parsePath },
  state: {
    ...value('DIR', 'where registered hosts, users, tokens and requests are kept'),
    parse: parsePath,
  },
  metricsListen,
  plainListen: {
    ...value(
      'ADDRESS:PORT',
      'HTTP without TLS for a proxy on this machine; others get nothing but the answer to port discovery',
    ),
    parse: parseListenAddress,
  },
  ...updateOptions,
  updatesPlainListen: {
    ...value(
      'ADDRESS:PORT',
      'HTTP without TLS where hosts may ask for agent updates, which are signed; nothing else is answered there, and packages marked confidential are refused',
    ),
    parse: parseListenAddress,
  },
  maxRequest: {
    ...value('SIZE', 'refuse larger requests'),
    parse: parseSize,
    fallback: '32MiB',
  },
  maxSize: {
    ...value('SIZE', 'refuse larger output, after decompression'),
    parse: parseSize,
    fallback: '128MiB',
  },
  maxSkew: {
    ...value('DURATION', 'refuse output that says it was produced further in the future'),
    parse: parseDuration,
    fallback: defaultMaxSkew,
  },
  maxMemory: {
    ...value('SIZE', 'refuse further output while so much is being received'),
    parse: parseSize,
    fallback: '160MiB',
  },
  maxConnections: {
    ...value('NUMBER', 'connections at once; beyond, the one that is idle longest is closed'),
    parse: parseNumberWithin(1, 100_000),
    fallback: '4096',
  },
  addressConnections: {
    ...value('NUMBER', 'the same for one address'),
    parse: parseNumberWithin(1, 100_000),
    fallback: '2048',
  },
  trustedProxy: {
    kind: 'list',
    placeholder: 'ADDRESS[/BITS]',
    describe:
      'a proxy or a network of them whose X-Forwarded-For or Forwarded is believed; the right-most address in it that is none of them is the sender',
    parse: parseNetwork,
  },
  headerTimeout: {
    ...value('DURATION', 'for the TLS handshake, and for the header of a request'),
    parse: parsePositiveDuration,
    fallback: '10s',
  },
  requestTimeout: {
    ...value('DURATION', 'for a whole request'),
    parse: parsePositiveDuration,
    fallback: '60s',
  },
  stallTimeout: {
    ...value('DURATION', 'how long a sender may pause within a request'),
    parse: parsePositiveDuration,
    fallback: '10s',
  },
  maxUploads: {
    ...value('NUMBER', 'outputs being received at once'),
    parse: parseNumberWithin(1, 100_000),
    fallback: '1024',
  },
  senderUploads: {
    ...value('NUMBER', 'the same for one sender and host'),
    parse: parseNumberWithin(1, 100_000),
    fallback: '4',
  },
  uploadRate: {
    ...value('NUMBER', 'outputs accepted a minute, of a single relay half as many'),
    parse: parseNumberWithin(1, 100_000_000),
    fallback: '60000',
  },
  senderUploadRate: {
    ...value('NUMBER', 'the same for one sender and host'),
    parse: parseNumberWithin(1, 100_000_000),
    fallback: '30',
  },
  registrationRate: {
    ...value('NUMBER', 'failed registrations a minute of one address and identity'),
    parse: parseNumberWithin(1, 100_000),
    fallback: '10',
  },
  renewalRate: {
    ...value('NUMBER', 'certificates a minute for a host that renews its own'),
    parse: parseNumberWithin(1, 100_000),
    fallback: '6',
  },
  failureRate: {
    ...value('NUMBER', 'failed attempts a minute with credentials of one address and identity'),
    parse: parseNumberWithin(1, 100_000),
    fallback: '10',
  },
  spoolSize: {
    ...value('SIZE', 'refuse further output when the spool is so large'),
    parse: parseDiskSize,
    fallback: '10GB',
  },
  spoolHosts: {
    ...value('NUMBER', 'hosts the spool has room for'),
    parse: parseNumberWithin(1, 1_000_000),
    fallback: '20000',
  },
  newHosts: {
    ...value(
      'HOW',
      'requests of hosts to be registered (register-new): manual waits for `cmk-courier hosts allow`, automatic needs --allow-host or --allow-label to fit, off refuses',
    ),
    parse: parseOneOf('manual', 'automatic', 'off'),
    fallback: 'manual',
  },
  allowHost: {
    kind: 'list',
    placeholder: 'PATTERN',
    describe: 'names new hosts may have to be allowed automatically',
    parse: parsePattern,
  },
  allowLabel: {
    kind: 'list',
    placeholder: 'LABEL:PATTERN',
    describe: 'labels new hosts must have to be allowed automatically',
    parse: parseLabelRule,
  },
  takeOver: {
    ...value(
      'HOW',
      'when another identity registers a host that is registered: allow says so in the log, ask refuses until `cmk-courier hosts allow`',
    ),
    parse: parseOneOf('allow', 'ask'),
    fallback: 'allow',
  },
  hostName: {
    ...value('TEMPLATE', 'name of a new host, made of its labels'),
    parse: parseText,
    fallback: '{cmk/hostname-simple}',
  },
  certificateMonths: {
    ...value('NUMBER', 'how long the certificate of a host is valid; renewed 45 days before'),
    parse: parseNumberWithin(2, 1200),
    fallback: '60',
  },
  ...brokerOptions,
  ...formOptions,
  logUploads: {
    kind: 'switch',
    describe:
      'also log outputs that were taken, and what controllers ask besides; refusals always are, up to 300 a minute of one sender and 1000 of all',
  },
  drainTimeout: {
    ...value('DURATION', 'how long requests under way have to finish when the receiver ends'),
    parse: parseDuration,
    fallback: '10s',
  },
} as const satisfies OptionTable;

export type ReceiverValues = OptionValues<typeof receiverOptions>;

/** The same with every directory known. */
export type Settings = ReceiverValues & {
  readonly site: string;
  readonly certificates: string;
  readonly spool: string;
  readonly state: string;
  readonly seals: SealPlaces;
  /** Says where the site is whose password store is read. */
  readonly env: Environment;
};

type DirectoryOption = 'certificates' | 'spool' | 'state';

/**
 * Where things are: as given, else where they are in a site, or below the user's own directories.
 *
 * Each throws CourierError USAGE when it is neither given nor known.
 */
export function receiverPlaces(
  given: { readonly [Name in DirectoryOption]?: string | undefined },
  env: Environment,
): { readonly [Name in DirectoryOption]: () => string } {
  return {
    certificates: () => findCertificateDirectory(given.certificates, env, '--certificates'),
    spool: () => given.spool ?? defaultSpoolDirectory(env),
    state: () => given.state ?? join(dirname(defaultSpoolDirectory(env, '--state')), 'receiver'),
  };
}

/**
 * Fills in what is known in a site.
 *
 * @throws CourierError USAGE for what is not given and cannot be known
 */
export function toSettings(values: ReceiverValues, env: Environment): Settings {
  const site = values.site ?? env['OMD_SITE'];
  if (site === undefined) throw new CourierError('USAGE', '--site is missing');
  requireOneUpdateSource(values);
  const places = receiverPlaces(values, env);
  return {
    ...values,
    site,
    certificates: places.certificates(),
    spool: places.spool(),
    state: places.state(),
    seals: sealPlaces(env),
    env,
  };
}
