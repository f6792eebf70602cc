/** Which options go together. */

import { toFlag } from '../cli/options.ts';
import { CourierError } from '../faults/errors.ts';
import { isSecretGiven } from '../secrets/secret-options.ts';
import type { HttpOptions } from './options.ts';
import { checkTlsOptions } from './tls-options.ts';

type Name = keyof HttpOptions;

/** Makes no sense on a Unix socket. */
const networkOnly: readonly Name[] = ['proxy', 'family'];

const needs: readonly (readonly [Name, Name])[] = [
  ['passwordFile', 'user'],
  ['passwordId', 'user'],
  ['proxyPasswordFile', 'proxy'],
  ['proxyPasswordId', 'proxy'],
];

const excludes: readonly (readonly [Name, Name])[] = [
  ['tokenFile', 'user'],
  ['tokenId', 'user'],
];

const secrets = ['password', 'token', 'proxyPassword'] as const;

/**
 * Checks options against the scheme and each other, before anything is touched.
 *
 * @throws CourierError USAGE
 */
export function checkHttpOptions(scheme: string, options: HttpOptions): void {
  const isGiven = (name: Name) => isSet(options[name]);
  const say = (text: string) => new CourierError('USAGE', text);
  checkTlsOptions(options, scheme === 'https' ? undefined : 'an https: source');
  const afar = networkOnly.find(isGiven);
  if (afar !== undefined && scheme === 'http+unix') {
    throw say(`${toFlag(afar)} makes no sense with http+unix:`);
  }
  for (const [name, other] of needs) {
    if (isGiven(name) && !isGiven(other)) throw say(`${toFlag(name)} needs ${toFlag(other)}`);
  }
  for (const [name, other] of excludes) {
    if (isGiven(name) && isGiven(other)) {
      throw say(`${toFlag(name)} and ${toFlag(other)} exclude each other`);
    }
  }
  for (const name of secrets) isSecretGiven(options, name);
  if (options.user !== undefined && !isSecretGiven(options, 'password')) {
    throw say('--user needs --password-file or --password-id');
  }
  checkProxyUser(options);
}

function isSet(value: HttpOptions[Name]): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
}

function checkProxyUser(options: HttpOptions): void {
  const { proxy, proxyPasswordFile } = options;
  if (proxy === undefined || proxy === 'env') return;
  if ((proxy.user !== undefined) === isSecretGiven(options, 'proxyPassword')) return;
  const flag = toFlag(proxyPasswordFile === undefined ? 'proxyPasswordId' : 'proxyPasswordFile');
  throw new CourierError(
    'USAGE',
    proxy.user === undefined
      ? `${flag} needs a user in --proxy, such as http://monitor@proxy:3128`
      : 'the user in --proxy needs --proxy-password-file or --proxy-password-id',
  );
}
