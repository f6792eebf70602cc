/** A configuration for nats-server, with one user a purpose and no more rights than it takes. */

import { encodeToken } from '../names/name-token.ts';

export interface ConfigurationWanted {
  readonly site: string;
  readonly stream: string;
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

/** Users of our own machines. */
function listUsers(wanted: ConfigurationWanted): readonly User[] {
  const { stream } = wanted;
  const outputs = outputsOf(wanted);
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
  const writing = [`${outputs}.*`, `${api}.STREAM.MSG.GET.${stream}`];
  return [
    {
      name: 'admin',
      what: '`cmk-courier broker init`, `check` and `show`',
      publish: ['>'],
      subscribe: ['>'],
    },
    { name: 'receiver', what: '`cmk-courier receive --broker`: it writes', publish: writing },
    { name: 'site', what: '`nats:` sources of a site: it reads', publish: reading },
    {
      name: 'collector',
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
      name: 'web01',
      what: 'a host that speaks NATS itself: its own subject; one such user a host',
      publish: [`${outputsOf(wanted)}.${encodeToken('web01.example.net')}`],
    },
  ];
}

/** The whole file; passwords are in another, which it includes. */
export function makeServerConfiguration(wanted: ConfigurationWanted): string {
  const [users, hosts] = [listUsers(wanted), listHosts(wanted)];
  const outputs = `${outputsOf(wanted)}.*`;
  return `# nats-server for cmk-courier: outputs of the site ${wanted.site} in the stream ${wanted.stream}.
# The same on each server of the cluster, but for server_name and the addresses.
#
# 1. Passwords, one a user, in courier-passwords.conf beside this file, for the server's user alone:
${[...users, ...hosts].map(({ name }) => `#      ${passwordOf(name)}: "…"`).join('\n')}
# 2. nats-server -c THIS_FILE, on each server
# 3. cmk-courier broker init nats://broker1,broker2,broker3 --user=admin --password-file=…

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
  # From nats-server 2.10 on; 2.9 refuses it. Acknowledged messages survive the death of any server
  # without it. For a power cut that takes all of them at once it says what may be lost at most.
  # sync_interval: 1s
}

# For a cluster; without it this is a server of its own.
# cluster {
#   name: courier
#   listen: "0.0.0.0:6222"
#   routes: ["nats://broker1:6222", "nats://broker2:6222", "nats://broker3:6222"]
#   tls { cert_file: "/etc/nats/cert.pem", key_file: "/etc/nats/key.pem", ca_file: "/etc/nats/ca.pem" }
# }

accounts {
  COURIER {
    jetstream: enabled
    users: [
${users.map(toUser).join('\n')}
    ]
    exports: [{ service: "${outputs}", accounts: [COURIER_HOSTS] }]
  }
  # Hosts have an account of their own. A server sends its answer wherever a message says, whatever
  # rights the sender has: in one account with the stream, a host could have the acknowledgement of its
  # output take the place of another host's output, or purge the stream.
  COURIER_HOSTS {
    users: [
${hosts.map(toUser).join('\n')}
    ]
    imports: [{ service: { account: COURIER, subject: "${outputs}" } }]
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
  return `${user.toUpperCase()}_PASSWORD`;
}
