/** A configuration for nats-server, with one user a purpose and no more rights than it takes. */

import { parseText } from '../cli/option-types.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { encodeToken } from '../names/name-token.ts';
import { firstSound, isAtLeast, type ServerVersion } from '../nats/server-versions.ts';

export interface ConfigurationWanted {
  readonly site: string;
  readonly stream: string;
  /** Streams and subjects of one account are not seen in another. */
  readonly account: string;
  /** Undefined: lines that only newer servers take are comments. */
  readonly version?: ServerVersion | undefined;
}

export const defaultAccount = 'COURIER';

/**
 * The name of an account, of which those of its users are made.
 *
 * @throws CourierError USAGE
 */
export function parseAccount(raw: string): string {
  if (/^[A-Za-z][A-Za-z0-9_]{0,31}$/.test(raw)) return raw;
  const words = 'must be a letter, and up to 31 letters, digits and _';
  throw new CourierError('USAGE', `${words}, not ${quote(raw)}`);
}

/** Servers want names of users that differ over all accounts. */
function prefixOf({ account }: ConfigurationWanted): string {
  return account === defaultAccount ? '' : `${account.toLowerCase().replaceAll('_', '-')}-`;
}

/**
 * Reads `2.9`, `2.15.3` or what `nats-server --version` says.
 *
 * @throws CourierError USAGE, also below 2.9
 */
export function parseServerVersion(raw: string): ServerVersion {
  const [, major, minor] =
    /^(?:nats-server: )?v?(\d{1,3})\.(\d{1,3})(?:\.|$)/.exec(parseText(raw)) ?? [];
  if (major === undefined || minor === undefined) {
    throw new CourierError('USAGE', `must be a version such as 2.10, not ${quote(raw)}`);
  }
  const version = [Number(major), Number(minor)] as const;
  if (isAtLeast(version, [2, 9])) return version;
  throw new CourierError('USAGE', `must be 2.9 or newer, not ${quote(raw)}`);
}

/** A comment where the version is not known: 2.9 takes no file with this word (nats.md#servers). */
function syncInterval(version: ServerVersion | undefined): string {
  const what = [
    '# A power cut that takes all servers at once loses at most what was acknowledged within this',
    '# time; their death alone loses nothing.',
  ];
  if (version === undefined) {
    const hint = '# Only nats-server from 2.10 on takes it; `--server-version=2.10` prints it.';
    return [...what, hint, '# sync_interval: 1s'].join('\n  ');
  }
  if (isAtLeast(version, firstSound)) return [...what, 'sync_interval: 1s'].join('\n  ');
  return [
    '# A power cut that takes all servers at once may lose what was acknowledged in the last two',
    '# minutes; their death alone loses nothing. From 2.10 on sync_interval makes that one second.',
  ].join('\n  ');
}

/** Messages of that size pass; without a warning of the server none may be larger. */
export const wantedPayloadMb = 8;

/** The bucket in which collectors agree who asks which host. */
const poolBucket = 'KV_COURIER_POOL';

/** Where members of a pool tell each other when hosts are due. */
const poolTalk = 'courierpool.*.*.*';

interface User {
  readonly name: string;
  readonly what: string;
  readonly publish: readonly string[];
  /** Beside its own inbox. */
  readonly subscribe?: readonly string[];
}

function outputsOf({ site }: ConfigurationWanted): string {
  return `courier.${encodeToken(site)}.output`;
}

/** Whoever writes has to remove what hides others (nats.md#hidden-messages). */
function hasHiddenMessages({ version }: ConfigurationWanted): boolean {
  return version === undefined || !isAtLeast(version, firstSound);
}

/** Users of our own machines. */
function listUsers(wanted: ConfigurationWanted): readonly User[] {
  const { stream } = wanted;
  const [outputs, prefix] = [outputsOf(wanted), prefixOf(wanted)];
  const api = '$JS.API';
  const pool = [
    `$KV.COURIER_POOL.>`,
    poolTalk,
    `${api}.INFO`,
    `${api}.STREAM.*.${poolBucket}`,
    `${api}.STREAM.*.*.${poolBucket}`,
    `${api}.DIRECT.GET.${poolBucket}`,
    `${api}.DIRECT.GET.${poolBucket}.>`,
    `${api}.CONSUMER.*.${poolBucket}`,
    `${api}.CONSUMER.*.${poolBucket}.>`,
    `${api}.CONSUMER.*.*.${poolBucket}.>`,
  ];
  const reading = [
    `${api}.DIRECT.GET.${stream}.${outputs}.*`,
    `${api}.STREAM.INFO.${stream}`,
    `${api}.CONSUMER.CREATE.${stream}.*.${outputs}.*`,
    `${api}.CONSUMER.INFO.${stream}.*`,
    `${api}.CONSUMER.DELETE.${stream}.*`,
    `${api}.CONSUMER.MSG.NEXT.${stream}.*`,
  ];
  const writing = [
    `${outputs}.*`,
    `${api}.STREAM.MSG.GET.${stream}`,
    ...(hasHiddenMessages(wanted) ? [`${api}.STREAM.MSG.DELETE.${stream}`] : []),
  ];
  return [
    {
      name: `${prefix}admin`,
      what: '`cmk-courier broker init`, `check` and `show`',
      publish: ['>'],
      subscribe: ['>'],
    },
    {
      name: `${prefix}receiver`,
      what: '`cmk-courier receive --broker`: it writes',
      publish: writing,
    },
    { name: `${prefix}site`, what: '`nats:` sources of a site: it reads', publish: reading },
    {
      name: `${prefix}collector`,
      what: '`cmk-courier collect` with --broker, with --pool and with `nats:` sources',
      publish: [...writing, ...reading, ...pool],
      subscribe: [poolTalk],
    },
  ];
}

/** Hosts, each with its own subject. */
function listHosts(wanted: ConfigurationWanted): readonly User[] {
  return [
    {
      name: `${prefixOf(wanted)}web01`,
      what: 'a host that speaks NATS itself: its own subject; one such user a host',
      publish: [`${outputsOf(wanted)}.${encodeToken('web01.example.net')}`],
    },
  ];
}

const besideOthers = `#
# Servers that have another site already take only the two accounts, beside those they have, and
# the passwords.
`;

/** The whole file; passwords are in another, which it includes. */
export function makeServerConfiguration(wanted: ConfigurationWanted): string {
  const [users, hosts] = [listUsers(wanted), listHosts(wanted)];
  const outputs = `${outputsOf(wanted)}.*`;
  const { account } = wanted;
  return `# nats-server for cmk-courier: outputs of the site ${wanted.site} in the stream ${wanted.stream}.
# The same on each server of the cluster, but for server_name and the addresses.
#
# 1. Passwords, one a user, in courier-passwords.conf beside this file, for the server's user alone:
${[...users, ...hosts].map(({ name }) => `#      ${passwordOf(name)}: "…"`).join('\n')}
# 2. nats-server -c THIS_FILE, on each server
# 3. cmk-courier broker init nats://broker1,broker2,broker3 --user=${users[0]?.name} --password-file=… --ca=…
${account === defaultAccount ? '' : besideOthers}
server_name: broker1
listen: "0.0.0.0:4222"
max_payload: ${wantedPayloadMb}MB
include "courier-passwords.conf"

tls {
  cert_file: "/etc/nats/cert.pem"
  key_file: "/etc/nats/key.pem"
}

jetstream {
  store_dir: "/var/lib/nats"
  max_memory_store: 64MB
  max_file_store: 20GB
  ${syncInterval(wanted.version)}
}

# For a cluster; without it this is a server of its own.
# cluster {
#   name: courier
#   listen: "0.0.0.0:6222"
#   routes: ["nats://broker1:6222", "nats://broker2:6222", "nats://broker3:6222"]
#   tls { cert_file: "/etc/nats/cert.pem", key_file: "/etc/nats/key.pem", ca_file: "/etc/nats/ca.pem" }
# }

accounts {
  ${account} {
    jetstream: enabled
    users: [
${users.map(toUser).join('\n')}
    ]
    exports: [{ service: "${outputs}", accounts: [${account}_HOSTS] }]
  }
  # Hosts have an account of their own. A server sends its answer wherever a message says, whatever
  # rights the sender has: in one account with the stream, a host could have the acknowledgement of its
  # output take the place of another host's output, or purge the stream.
  ${account}_HOSTS {
    users: [
${hosts.map(toUser).join('\n')}
    ]
    imports: [{ service: { account: ${account}, subject: "${outputs}" } }]
  }
}
`;
}

/** Answers go to each user's own inbox, so that none can listen to those of others. */
function toUser({ name, what, publish, subscribe = [] }: User): string {
  const subjects = publish.map((subject) => `"${subject}"`).join(',\n            ');
  const heard = [`_INBOX.${name}.>`, ...subscribe].map((subject) => `"${subject}"`).join(', ');
  return `      # ${what}
      {
        user: ${name}
        password: $${passwordOf(name)}
        permissions {
          publish: [
            ${subjects}
          ]
          subscribe: [${heard}]
        }
      }`;
}

/** The name of the variable. */
function passwordOf(user: string): string {
  return `${user.toUpperCase().replaceAll('-', '_')}_PASSWORD`;
}
