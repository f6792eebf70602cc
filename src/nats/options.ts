/** The options of all that talks to NATS: who we are, whom we trust, and for how long we wait. */

import { parsePositiveDuration, parseText } from '../cli/option-types.ts';
import { type OptionTable, type OptionValues, toFlag } from '../cli/options.ts';
import { CourierError } from '../faults/errors.ts';
import { isSecretGiven, secretOptions } from '../secrets/secret-options.ts';
import { tlsOptions } from '../web/tls-options.ts';

export const natsOptions = {
  user: {
    kind: 'value',
    placeholder: 'NAME',
    parse: parseText,
    describe: 'user at the servers; needs its password',
  },
  ...secretOptions('password', 'the password of `--user`'),
  ...secretOptions('token', 'a token of the servers'),
  ...secretOptions('nkey', 'the seed of an NKey, a line that begins with `SU`'),
  ...secretOptions('credentials', 'credentials as `nsc` writes them (.creds)'),
  ...tlsOptions,
  tlsFirst: {
    kind: 'switch',
    describe: 'begin with TLS, for servers with `handshake_first`',
  },
  allowPlaintext: {
    kind: 'switch',
    describe: 'talk unencrypted where a server offers no TLS; on this machine it always may',
  },
  connectTimeout: {
    kind: 'value',
    placeholder: 'TIME',
    parse: parsePositiveDuration,
    fallback: '5s',
    describe: 'how long connecting to one server may take, TLS and log-in included',
  },
  answerTimeout: {
    kind: 'value',
    placeholder: 'TIME',
    parse: parsePositiveDuration,
    fallback: '10s',
    describe: 'how long the servers may take to answer a request',
  },
} as const satisfies OptionTable;

export type NatsOptions = OptionValues<typeof natsOptions>;

const secrets = ['token', 'nkey', 'credentials'] as const;

/**
 * What can be said of options before any file is read.
 *
 * @throws CourierError USAGE
 */
export function checkNatsOptions(options: NatsOptions): void {
  const hasPassword = isSecretGiven(options, 'password');
  const given = secrets.filter((name) => isSecretGiven(options, name));
  if (options.user !== undefined && !hasPassword)
    throw usage('--user needs --password-file or --password-id');
  if (options.user === undefined && hasPassword) throw usage('a password needs --user');
  const [first, second] = [...(hasPassword ? ['user'] : []), ...given.map((name) => `${name}File`)];
  if (first !== undefined && second !== undefined) {
    throw usage(`${toFlag(first)} and ${toFlag(second)} exclude each other: one says who we are`);
  }
  if (options.key !== undefined && options.cert === undefined) throw usage('--key needs --cert');
  if (isSecretGiven(options, 'keyPassword') && options.cert === undefined) {
    throw usage('a passphrase needs --cert');
  }
  if (options.insecure && options.ca !== undefined) {
    throw usage('--insecure and --ca exclude each other');
  }
  if (options.allowPlaintext && options.tlsFirst) {
    throw usage('--allow-plaintext and --tls-first exclude each other');
  }
}

function usage(why: string): CourierError {
  return new CourierError('USAGE', why);
}
