/** The options of services that put outputs into a broker, named alike in all of them. */

import { parsePath, parsePositiveDuration, parseText } from '../cli/option-types.ts';
import { type OptionTable, type OptionValues, parseOptions } from '../cli/options.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { checkNatsOptions, type NatsOptions, natsOptions } from '../nats/options.ts';
import { type NatsServer, parseNatsServers } from '../nats/servers.ts';
import { defaultStream, parseStreamName } from '../nats/stream.ts';
import { secretOptions } from '../secrets/secret-options.ts';

/** Where a broker is and who we are there, for services that have other connections as well. */
export const brokerAccessOptions = {
  brokerUser: {
    kind: 'value',
    placeholder: 'NAME',
    parse: parseText,
    describe: 'user at the broker; needs its password',
  },
  ...secretOptions('brokerPassword', 'the password of `--broker-user`'),
  ...secretOptions('brokerToken', 'a token of the broker'),
  ...secretOptions('brokerNkey', 'the seed of an NKey of the broker'),
  ...secretOptions('brokerCredentials', 'credentials for the broker as `nsc` writes them (.creds)'),
  brokerCa: {
    kind: 'value',
    placeholder: 'FILE',
    parse: parsePath,
    describe: 'trust only the certificate authorities in this PEM file, as for the broker',
  },
  brokerCert: {
    kind: 'value',
    placeholder: 'FILE',
    parse: parsePath,
    describe: 'client certificate for the broker, PEM',
  },
  brokerKey: {
    kind: 'value',
    placeholder: 'FILE',
    parse: parsePath,
    describe: 'private key of `--broker-cert`, PEM',
  },
  brokerAllowPlaintext: {
    kind: 'switch',
    describe:
      'talk to the broker unencrypted where it offers no TLS; on this machine it always may',
  },
} as const satisfies OptionTable;

export const brokerOptions = {
  broker: {
    kind: 'value',
    placeholder: 'nats://SERVER[,SERVER…]',
    parse: parseBroker,
    describe: 'also put outputs into the stream of these servers',
  },
  brokerStream: {
    kind: 'value',
    placeholder: 'NAME',
    parse: parseStreamName,
    fallback: defaultStream,
    describe: 'the stream, which `cmk-courier broker init` has made',
  },
  brokerWaiting: {
    kind: 'value',
    placeholder: 'DIR',
    parse: parsePath,
    describe: 'where outputs wait while the broker is away; by default beside the spool',
  },
  brokerPatience: {
    kind: 'value',
    placeholder: 'DURATION',
    parse: parsePositiveDuration,
    describe:
      'how long an output waits for the broker before it goes to disk, 3s unless given; with `--broker-only` before it is refused, 15s: the death of a leader is over in 4 to 8 s',
  },
  brokerOnly: {
    kind: 'switch',
    describe: 'keep nothing on this machine: while the broker is away outputs are refused',
  },
  ...brokerAccessOptions,
} as const satisfies OptionTable;

export type BrokerValues = OptionValues<typeof brokerOptions>;

/**
 * `nats://broker1,broker2:4223`.
 *
 * @throws CourierError USAGE
 */
export function parseBroker(raw: string): readonly NatsServer[] {
  const [, authority] = /^nats:\/\/([^/?#]+)\/?$/.exec(raw) ?? [];
  if (authority !== undefined) return parseNatsServers(authority);
  throw new CourierError(
    'USAGE',
    `must be servers such as nats://broker1,broker2, not ${quote(raw)}`,
  );
}

/**
 * The same as a connection to the broker takes it.
 *
 * @throws CourierError USAGE for options that exclude each other
 */
export function toNatsOptions(values: OptionValues<typeof brokerAccessOptions>): NatsOptions {
  const options: NatsOptions = {
    ...parseOptions(natsOptions, {}),
    user: values.brokerUser,
    passwordFile: values.brokerPasswordFile,
    passwordId: values.brokerPasswordId,
    tokenFile: values.brokerTokenFile,
    tokenId: values.brokerTokenId,
    nkeyFile: values.brokerNkeyFile,
    nkeyId: values.brokerNkeyId,
    credentialsFile: values.brokerCredentialsFile,
    credentialsId: values.brokerCredentialsId,
    ca: values.brokerCa,
    cert: values.brokerCert,
    key: values.brokerKey,
    allowPlaintext: values.brokerAllowPlaintext,
  };
  try {
    checkNatsOptions(options);
  } catch (error) {
    if (!(error instanceof CourierError)) throw error;
    throw new CourierError('USAGE', error.message.replace(/--(?=[a-z])/g, '--broker-'));
  }
  return options;
}
