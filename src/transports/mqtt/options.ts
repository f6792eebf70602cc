/** The options of the mqtt transport. */

import {
  parseDuration,
  parseOneOf,
  parsePositiveDuration,
  parseText,
} from '../../cli/option-types.ts';
import { type OptionTable, type OptionValues, toFlag } from '../../cli/options.ts';
import { CourierError } from '../../faults/errors.ts';
import { isSecretGiven, secretOptions } from '../../secrets/secret-options.ts';
import { checkTlsOptions, tlsOptions } from '../../web/tls-options.ts';
import type { BrokerPlace } from './place.ts';

export const mqttOptions = {
  user: {
    kind: 'value',
    placeholder: 'NAME',
    parse: parseLine,
    describe: 'user to log in as, where the source does not say it',
  },
  ...secretOptions('password', "the user's password"),
  ...tlsOptions,
  mqttVersion: {
    kind: 'value',
    placeholder: 'mqttv5|mqttv311',
    parse: parseOneOf('mqttv5', 'mqttv311'),
    describe: 'speak only this version; otherwise 5, and 3.1.1 where the broker does not know 5',
  },
  mqttWait: {
    kind: 'value',
    placeholder: 'TIME',
    parse: parseDuration,
    fallback: '500ms',
    describe:
      'how long to wait for a retained message after the broker has answered everything; mosquitto needs none',
  },
  clientIdPrefix: {
    kind: 'value',
    placeholder: 'TEXT',
    parse: parseLine,
    fallback: 'cmk-courier-',
    describe: 'what the client ID begins with, where the broker goes by it; chance follows',
  },
  connectTimeout: {
    kind: 'value',
    placeholder: 'TIME',
    parse: parsePositiveDuration,
    fallback: '5s',
    describe: 'how long connecting may take, TLS and login included',
  },
  idleTimeout: {
    kind: 'value',
    placeholder: 'TIME',
    parse: parsePositiveDuration,
    fallback: '30s',
    describe: 'how long the broker may be silent',
  },
} as const satisfies OptionTable;

export type MqttOptions = OptionValues<typeof mqttOptions>;

function parseLine(raw: string): string {
  if (/\p{Cc}/u.test(raw)) throw new CourierError('USAGE', 'must not hold control characters');
  return parseText(raw);
}

/**
 * Checks options against the source and each other, before anything is touched.
 *
 * @throws CourierError USAGE
 */
export function checkMqttOptions(options: MqttOptions, place: BrokerPlace): void {
  const refuse = (why: string) => new CourierError('USAGE', why);
  checkTlsOptions(options, place.isEncrypted ? undefined : 'an mqtts: source');
  const { user, passwordFile } = options;
  if (place.user !== undefined && user !== undefined) {
    throw refuse('--user and the user in the source exclude each other');
  }
  if (isSecretGiven(options, 'password') && place.user === undefined && user === undefined) {
    const flag = toFlag(passwordFile === undefined ? 'passwordId' : 'passwordFile');
    throw refuse(`${flag} needs --user`);
  }
}
